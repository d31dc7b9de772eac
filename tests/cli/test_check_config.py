from pathlib import Path

import yaml

from cli.command import lgtm


def test_a_valid_configuration_is_said_to_be_one(tmp_path: Path) -> None:
    file = tmp_path / "lgtm.yaml"
    file.write_text("server: {http_port: 3101}\n")
    ran = lgtm("check-config", str(file))
    assert (ran.code, ran.out, ran.err) == (0, "the configuration is valid\n", "")


def test_every_problem_is_a_line(tmp_path: Path) -> None:
    file = tmp_path / "lgtm.yaml"
    file.write_text("a: 1\nb: 2\n")
    ran = lgtm("check-config", str(file))
    assert ran.code == 1
    assert ran.err.splitlines() == ["lgtm: lgtm.yaml:1: a is not a key", "lgtm: lgtm.yaml:2: b is not a key"]


def test_what_a_node_would_run_with_is_printed_and_stranger_variables_are_told() -> None:
    ran = lgtm("check-config", "--print", "--set", "wal.quiet_s=2", environ={"LGTM_LOG_LEVEL": "debug", "LGTM_TYPO": "1"})
    tree = yaml.safe_load(ran.out)
    assert (tree["wal"]["quiet_s"], tree["log"]["level"]) == (2, "debug")
    assert ran.err == "lgtm: warning: the environment variable LGTM_TYPO sets nothing\n"


def test_the_file_of_what_is_scraped_is_checked_too(tmp_path: Path) -> None:
    file, jobs = tmp_path / "lgtm.yaml", tmp_path / "prometheus.yml"
    file.write_text(f"scrape: {{config_file: {jobs}}}\n")
    jobs.write_text("rule_files: [x]\nscrape_configs: [{job_name: j}]\n")
    ran = lgtm("check-config", str(file))
    assert (ran.code, ran.out) == (0, "the configuration is valid\n")
    assert ran.err == f"lgtm: warning: {jobs}: rule_files: no rules are evaluated here; passed over\n"
    jobs.write_text("scrape_configs: [{job_nam: j}]\n")
    ran = lgtm("check-config", str(file))
    assert (ran.code, ran.err) == (1, f"lgtm: {jobs}: scrape_configs[0].job_name: job_name is empty\n")
