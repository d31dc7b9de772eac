"""Go's text/template, with the functions of log pipelines: what `line_format` and `label_format` execute.

text → lexer → pipelines, parser (syntax tree) → expressions, execute (closures, compiled once) → state (one execution, one row).
kinds, literals, printing, printf, gotime, golayout, timeparse and zones are the parts of Go's library that templates show.

Templates come from users. Reading one is linear in its text, and an execution is bounded in time, in memory and in depth: see limits.
"""

from lgtm.logql.gotemplate.errors import InvalidTemplate, TemplateError
from lgtm.logql.gotemplate.template import Field, Template, compile_template

__all__ = ["Field", "InvalidTemplate", "Template", "TemplateError", "compile_template"]
