"""Templates of a workspace: what ``newsletter check`` says of them."""

from __future__ import annotations

from newsletter import builtin
from tests.integration.conftest import Space


def test_check_tells_of_the_workspaces_own_templates(space: Space) -> None:
    blocks = space.root / "templates" / "blocks"
    blocks.mkdir(parents=True)
    source = (builtin.TEMPLATES / "blocks" / "text.mjml.j2").read_text(encoding="utf-8")
    (blocks / "text.mjml.j2").write_text(source + "{% if false %}<mj-text colour='red'>{% endif %}\n", encoding="utf-8")
    lines = source.count("\n") + 1
    checked = space.run("check").stdout
    assert f"warning: templates/blocks/text.mjml.j2:{lines}:24: <mj-text> has no attribute 'colour'" in checked
    (blocks / "text.mjml.j2").write_text(source + "{% if false %}<mj-txt>{% endif %}\n", encoding="utf-8")
    assert "[unknown-tag]" in space.run("check", code=1).stdout
