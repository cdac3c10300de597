import pytest
from hypothesis import given
from hypothesis import strategies as st

from septum.bench.page import BEGIN, END, check, page, replace_in
from septum.bench.section import Section, in_seconds, markdown, verdict
from septum.errors import DataError

SECTION = Section("Title", "Text.", ("", "time"), (("a", "1 s"), ("b", "2 s")), ("A note.",))
words = st.text(st.characters(codec="utf-8", exclude_characters="<\r"), max_size=40)


def test_a_section_as_markdown():
    assert markdown(SECTION) == (
        "### Title\n\nText.\n\n|  | time |\n| --- | --: |\n| a | 1 s |\n| b | 2 s |\n\n- A note.\n"
    )


@given(words, words, words)
def test_what_is_written_by_hand_stays(tmp_path_factory, before, between, after):
    path = tmp_path_factory.mktemp("page") / "page.md"
    path.write_text(f"{before}{BEGIN}{between}{END}{after}", encoding="utf-8", newline="")
    for _ in range(2):
        replace_in(path, page([SECTION], "A machine.", "make bench"))
        text = path.read_text(encoding="utf-8")
        assert text.startswith(f"{before}{BEGIN}\n")
        assert text.endswith(f"\n{END}{after}")
        assert text.count("### Title") == 1
        assert "`make bench` on A machine.\n" in text


@pytest.mark.parametrize("text", ["", BEGIN, END + BEGIN, BEGIN + BEGIN + END, BEGIN + END + END])
def test_a_page_without_a_place_is_left_alone(tmp_path, text):
    path = tmp_path / "page.md"
    path.write_text(text)
    for refuse in (check, lambda path: replace_in(path, "new")):
        with pytest.raises(DataError, match=r"no place for the benchmark; write a line <!-- bench"):
            refuse(path)
    assert path.read_text() == text


def test_a_page_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match=r"page\.md cannot be read"):
        check(tmp_path / "page.md")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.0123, "12.3 ms"), (1.968, "1.97 s"), (43.1, "43.1 s"), (1234, "1234 s"), (9000, "2.5 h")],
)  # fmt: skip
def test_times_have_three_digits_or_so(seconds, said):
    assert in_seconds(seconds) == said


def test_a_verdict_is_the_truth():
    assert verdict("a against b", 5.0, 5).endswith("required are 5: met.")
    assert verdict("a against b", 4.99, 5).endswith("required are 5: NOT met.")
