"""Bodies and commands side by side."""

from datetime import date

from adapter.bridge.contracts.diff import body_diff, command_diff, drop_json_whitespace
from adapter.bridge.contracts.placeholders import Mask
from adapter.bridge.contracts.plain import FromPlaceholder


def test_json_is_cut_into_values_and_only_the_wrong_one_is_marked():
    shown = body_diff(
        ['{"result":"success","numcreated":"1","id":', Mask("int", "id"), "}"],
        '{"result":"success","numcreated":"2","id":7}',
        60,
    )
    assert shown.splitlines() == [
        "  expected                     actual",
        "  {                            {",
        '  "result":"success",          "result":"success",',
        '| "numcreated":"1",            "numcreated":"2",',
        '  "id":${save:id:int}          "id":7',
        "  }                            }",
    ]


def test_a_value_too_many_stands_alone():
    shown = body_diff(['{"a":1,"b":2}'], '{"a":1,"x":[],"b":2}', 40)
    assert [line for line in shown.splitlines() if line[0] == ">"] == [
        '>                    "x":[',
        ">                    ],",
    ]


def test_a_value_too_few_stands_alone():
    shown = body_diff(['{"a":1,"b":2,"c":3}'], '{"a":1,"c":3}', 40)
    assert '< "b":2,' in shown.splitlines()


def test_xml_is_cut_at_elements():
    shown = body_diff(["<r><id>1</id><n/></r>"], "<r><id>2</id><n/></r>", 40)
    assert "| <id>1</id>         <id>2</id>" in shown.splitlines()


def test_pairs_are_cut_at_semicolons():
    shown = body_diff(["result=success;clientid=1;"], "result=success;clientid=22;", 50)
    assert "| clientid=1;             clientid=22;" in shown.splitlines()


def test_unprintable_characters_are_escaped():
    assert "'" not in body_diff(["a"], "a\r\n\udcff", 40)
    assert r"a\r\n" in body_diff(["a"], "a\r\n\udcff", 40)
    assert r"\udcff" in body_diff(["a"], "a\r\n\udcff", 40)


def test_long_equal_stretches_are_counted():
    body = "[" + ",".join(str(n) for n in range(100)) + "]"
    shown = body_diff([body], body.replace("50,", "x,"), 40)
    assert "  ... 49 equal" in shown.splitlines()
    assert len(shown.splitlines()) < 12


def test_large_different_bodies_are_still_shown():
    left = "[" + ",".join(str(n) for n in range(3000)) + "]"
    right = "[" + ",".join(str(-n) for n in range(3000)) + "]"
    assert "| 1," in body_diff([left], right, 40)


def test_white_space_between_json_tokens_goes_and_inside_texts_stays():
    assert drop_json_whitespace(['{ "a b" :\n[ ', Mask("int"), ' , "\\" x" ] }']) == [
        '{"a b":[',
        Mask("int"),
        ',"\\" x"]}',
    ]


def test_equal_commands_have_no_difference():
    expected = {"type": "T", "on": date(2026, 1, 25), "id": FromPlaceholder("7"), "rows": []}
    assert command_diff(expected, {"type": "T", "on": "2026-01-25", "id": 7, "rows": []}) == ""


def test_a_command_differs_by_field():
    shown = command_diff(
        {"type": "T", "a": "1", "b": {"c": 1}}, {"type": "T", "a": 1, "d": [True]}, 50
    )
    assert shown.splitlines() == [
        "  expected                actual",
        "  type = 'T'              type = 'T'",
        "| a = '1'                 a = 1",
        "< b.c = 1",
        ">                         d[0] = True",
    ]
