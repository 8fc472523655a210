"""The manual, section by section: each has a test, or a decision that says why not."""

from docs import conformance

DOCS = conformance.ROOT / "docs"


def test_the_page_is_not_stale() -> None:
    page = (DOCS / "conformance.md").read_text()
    assert page == conformance.page(), "python docs/generate.py"


def test_every_section_of_the_manual_has_a_test_or_a_decision() -> None:
    assert not set(conformance.SECTIONS) - {row.section for row in conformance.rows()}


def test_no_test_names_a_section_that_is_not_there() -> None:
    rows = conformance.rows()
    assert not [row for row in rows if row.section not in conformance.TITLES]


def test_no_word_breaks_the_table() -> None:
    for row in conformance.rows():
        assert row.words
        assert "|" not in row.words.replace("\\|", "")
