"""`python -m app settings`."""

import json

import click

from app.config.documentation import json_schema, markdown_table


@click.command
@click.option("--json-schema", "as_json_schema", is_flag=True, help="Print a JSON Schema instead.")
def settings(*, as_json_schema: bool) -> None:
    """Print the settings as a Markdown table."""
    if as_json_schema:
        click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))
    else:
        click.echo(markdown_table(), nl=False)
