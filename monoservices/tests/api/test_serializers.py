from typing import Any, ClassVar

import pytest
from msgspec import UNSET, Struct, UnsetType
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from monoservices.api.exception_handling import as_problem
from monoservices.api.problems import Invalid, Malformed
from monoservices.api.serializers import (
    ForbidUnknownFields,
    StructSerializer,
    WholeNumberField,
    sent_fields,
)


class NoteIn(Struct, forbid_unknown_fields=True):
    text: str
    stars: int | UnsetType = UNSET


class NoteChanges(Struct, forbid_unknown_fields=True):
    text: str | UnsetType = UNSET
    stars: int | UnsetType = UNSET


class NoteOut(Struct):
    id: int
    text: str


class NoteSerializer(StructSerializer):
    struct = NoteIn
    partial_struct = NoteChanges
    notes: ClassVar[dict[int, dict[str, Any]]] = {}

    @classmethod
    def check(cls, parsed: Any, *, partial: bool) -> None:
        if parsed.text == "shout" and parsed.stars is UNSET:
            raise Invalid(errors={"stars": ["Shouting needs stars."]})

    @classmethod
    def represent(cls, instance: Any) -> NoteOut:
        return NoteOut(id=instance, text=cls.notes[instance]["text"])

    def create(self, validated_data: dict[str, Any]) -> int:
        self.notes[1] = validated_data
        return 1

    def update(self, instance: int, validated_data: dict[str, Any]) -> int:
        self.notes[instance] |= validated_data
        return instance


@pytest.mark.parametrize("data", [b'{"text": "hi"}', {"text": "hi"}])
def test_the_contract_of_drf(data: Any) -> None:
    serializer = NoteSerializer(data=data)
    assert serializer.is_valid()
    assert serializer.errors == {}
    assert serializer.validated_data == {"text": "hi"}
    assert serializer.save() == 1
    assert serializer.data == {"id": 1, "text": "hi"}

    change = NoteSerializer(1, data={"stars": 3}, partial=True)
    assert change.is_valid(raise_exception=True)
    assert change.validated_data == {"stars": 3}
    change.save(actor="me")
    assert NoteSerializer.notes[1] == {"text": "hi", "stars": 3, "actor": "me"}
    assert NoteSerializer(1).data == {"id": 1, "text": "hi"}


@pytest.mark.parametrize(
    ("data", "errors"),
    [
        (
            {"stars": "x"},
            {"text": ["This field is required."], "stars": ["Expected a whole number."]},
        ),
        ({"text": "shout"}, {"stars": ["Shouting needs stars."]}),
        (b"[]", {"non_field_errors": ["Expected an object."]}),
    ],
)
def test_what_is_not_valid(data: Any, errors: dict[str, list[str]]) -> None:
    serializer = NoteSerializer(data=data)
    assert not serializer.is_valid()
    assert serializer.errors == errors
    assert serializer.validated_data == {}
    with pytest.raises(ValidationError):
        serializer.is_valid(raise_exception=True)
    with pytest.raises(AssertionError):  # DRF's own: nothing is saved that is not valid
        serializer.save()


def test_errors_keep_the_problem_that_they_came_from() -> None:
    with pytest.raises(ValidationError) as error:
        NoteSerializer(data=b"{").is_valid(raise_exception=True)
    assert isinstance(as_problem(error.value), Malformed)


def test_a_change_may_be_empty() -> None:
    assert NoteSerializer(1, data={}, partial=True).is_valid()
    assert not NoteSerializer(data={}).is_valid()


def test_only_what_was_sent_is_a_field() -> None:
    assert sent_fields(NoteIn("hi")) == {"text": "hi"}
    assert sent_fields(NoteIn("", 0)) == {"text": "", "stars": 0}


class Form(ForbidUnknownFields):
    count = WholeNumberField(min_value=1)
    note = serializers.CharField(required=False)


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        ({"count": 1}, []),
        ({"count": 1, "x": 1}, ["x"]),
        ({"count": 0, "note": [], "x": 1, "y": 1}, ["count", "note", "x", "y"]),
        ({}, ["count"]),
        ([], ["non_field_errors"]),
        (None, ["non_field_errors"]),
    ],
)
def test_a_plain_serializer_names_what_it_does_not_know(data: Any, fields: list[str]) -> None:
    form = Form(data=data)
    assert form.is_valid() == (fields == [])
    assert sorted(form.errors) == fields


@pytest.mark.parametrize("count", ["1", "1_0", "\u0663", 1.0, True, None, [], {}])
def test_a_whole_number_is_a_number(count: Any) -> None:
    form = Form(data={"count": count})
    assert not form.is_valid()
    assert list(form.errors) == ["count"]
