"""The `lgtm` command, one file per subcommand. Heavy modules are imported inside the commands that need them: `lgtm --help` should be instant."""
