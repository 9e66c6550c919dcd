import pytest
from hypothesis import given
from hypothesis import strategies as st

from linksvc.contact_columns import recognise
from linksvc.csv_files import check_size, neutralise, open_csv
from linksvc.errors import InvalidRequest, TooLarge

TEXT = "Prénom;Téléphone mobile\r\nZoé;0639980001\r\nÉmile;0639980002\r\n"


def cells(data: bytes) -> list[tuple[str, ...]]:
    return [row.cells for row in open_csv(data, recognise).rows()]


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (TEXT.encode("utf-8-sig"), "utf-8"),
        (TEXT.encode("utf-16"), "utf-16"),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("utf-16-be"), "utf-16-be"),
        (TEXT.encode("cp1252"), "cp1252"),
    ],
)
def test_a_file_is_read_in_the_encoding_it_was_written_in(data: bytes, encoding: str) -> None:
    file = open_csv(data, recognise)
    assert file.encoding == encoding
    assert file.header == ("Prénom", "Téléphone mobile")
    assert [row.cells[0] for row in file.rows()] == ["Zoé", "Émile"]


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|", ":", "^", "~", "§"])
def test_a_file_is_cut_by_whatever_cuts_it_well(delimiter: str) -> None:
    file = open_csv(TEXT.replace(";", delimiter).encode(), recognise)
    assert file.delimiter == delimiter
    assert file.header == ("Prénom", "Téléphone mobile")


def test_excels_word_on_the_delimiter_is_taken() -> None:
    file = open_csv(b"sep=,\r\nMobile,Note\r\n0639980001,a;b;c\r\n", recognise)
    assert (file.delimiter, [row.line for row in file.rows()]) == (",", [3])


def test_a_single_column_needs_no_delimiter() -> None:
    assert cells(b"Mobile\n0639980001\n") == [("0639980001",)]


def test_names_in_decomposed_letters_are_composed() -> None:
    assert cells("Mobile;Nom\n1;Zoe\u0301\n".encode()) == [("1", "Zoé")]


def test_a_row_knows_the_line_it_begins_on() -> None:
    data = b'\n\n"Mo\nbile",Note\n1,"a\nb"\n\n;;\n2,c\r3,d\n'
    rows = list(open_csv(data.replace(b";;", b",,"), recognise).rows())
    assert [(row.line, row.cells) for row in rows] == [(5, ("1", "a\nb")), (9, ("2", "c")), (10, ("3", "d"))]


def test_missing_cells_are_empty_and_empty_ones_too_many_do_not_count() -> None:
    assert cells(b"Mobile;Nom;Ville;;\n1\n2;b;c;;;;\n") == [("1", "", ""), ("2", "b", "c")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file_empty"),
        (b"\xef\xbb\xbf", "file_empty"),
        (b" \r\n\r\n", "file_empty"),
        (b"sep=;\r\n", "file_empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "file_not_text"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "file_not_text"),
        (b"PK\x03\x04\x14\x00\x06\x00", "file_not_text"),
        (b"%PDF-1.7\n", "file_not_text"),
        (b"\x7fELF\x02\x01\x01" + bytes(60), "file_not_text"),
        (b"Mobile;Nom\n1;a\x00b\n", "file_not_text"),
        (bytes(range(1, 32)) * 10, "file_not_text"),
        (b"Mobile;Nom\n1;\x81\x8d\n", "file_not_text"),
        (b"\xff\xfeM\x00o\x00\x00", "file_not_text"),
        (b"\xef\xbb\xbfMobile\n\xff\n", "file_not_text"),
        (b'Mobile;Nom\n1;"open\n2;b\n', "file_broken_quotes"),
        (b'Mobile;Nom\n1;"a"b\n', "file_broken_quotes"),
        (b'Mobile;Nom\n1;"' + b"a;b\n" * 40_000 + b'"\n', "file_broken_quotes"),
        (b'"Mobile;Nom\n1;a\n', "file_broken_quotes"),
        (b"Mobile;Nom\n1;a\n2;b;c\n", "row_too_long"),
        (b";".join([b"Mobile"] * 501) + b"\n", "too_many_columns"),
    ],
)
def test_what_is_no_csv_file_is_told_so(data: bytes, code: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        open_csv(data, recognise)
    assert refused.value.code == code


def test_the_line_of_a_mistake_is_named() -> None:
    with pytest.raises(InvalidRequest, match="Line 3 has 3 cells, cut at “;”, but the file has 2 columns"):
        open_csv(b"Mobile;Nom\n1;a\n2;b;c\n", recognise)


def test_a_file_has_a_largest_size() -> None:
    check_size(1_000, 1_000)
    with pytest.raises(TooLarge, match=r"60\.0 MB") as refused:
        check_size(60_000_000, 50_000_000)
    assert refused.value.code == "file_too_large"


@pytest.mark.parametrize("cell", ["=1+1", "+33", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1"])
def test_formulas_are_neutralised(cell: str) -> None:
    assert neutralise(cell) == f"'{cell}"
    assert neutralise("Zoé") == "Zoé"


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reading(data: bytes) -> None:
    try:
        file = open_csv(data, recognise)
    except InvalidRequest:
        return
    assert all(len(row.cells) == len(file.header) for row in file.rows())
