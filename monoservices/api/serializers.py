"""`StructSerializer`: the contract of DRF's serializers, on msgspec structs."""

from collections.abc import Mapping
from typing import Any, ClassVar, cast

from msgspec import UNSET, Struct, to_builtins
from rest_framework.exceptions import ValidationError
from rest_framework.serializers import BaseSerializer, IntegerField, Serializer

from monoservices.api.decoding import convert, decode
from monoservices.api.exception_handling import StructValidationError
from monoservices.api.problems import Problem


class StructSerializer(BaseSerializer):  # type: ignore[type-arg]  # its instance may be anything
    """DRF's `BaseSerializer` over structs; subclasses write their own `create` and `update`.

    struct: what comes in. `data=` takes the bytes of a JSON text, or a dict.
    partial_struct: what comes in with `partial=True`; the same where it is not given.
    """

    struct: ClassVar[type[Struct]]
    partial_struct: ClassVar[type[Struct] | None] = None

    parsed: Struct

    @classmethod
    def parse(cls, data: bytes | Mapping[str, Any], *, partial: bool = False) -> Struct:
        """Decode and validate `data`. Raises Malformed, or Invalid with the errors by field."""
        struct = (cls.partial_struct or cls.struct) if partial else cls.struct
        parsed = decode(data, struct) if isinstance(data, bytes) else convert(data, struct)
        cls.check(parsed, partial=partial)
        return parsed

    @classmethod
    def check(cls, parsed: Any, *, partial: bool) -> None:
        """Raise Invalid where fields that are fine alone do not go together."""

    @classmethod
    def represent(cls, instance: Any) -> Struct:
        """The answer for `instance`."""
        raise NotImplementedError

    def run_validation(self, data: bytes | Mapping[str, Any] = b"") -> dict[str, Any]:
        try:
            self.parsed = self.parse(data, partial=self.partial)
        except Problem as problem:
            raise StructValidationError(problem) from None
        return sent_fields(self.parsed)

    def is_valid(self, *, raise_exception: bool = False) -> bool:
        try:
            self._validated_data = self.run_validation(self.initial_data)
        except StructValidationError as error:
            self._validated_data, self._errors = {}, error.detail
            if raise_exception:
                raise
        else:
            self._errors = {}
        return not self._errors

    def to_representation(self, instance: Any) -> Any:
        return to_builtins(self.represent(instance))


class ForbidUnknownFields(Serializer):  # type: ignore[type-arg]  # its instance may be anything
    """A plain DRF serializer that refuses fields it does not know, as structs do."""

    def to_internal_value(self, data: Any) -> Any:
        names = data.keys() if isinstance(data, Mapping) else set()
        errors: dict[str, Any] = {
            name: ["There is no such field."] for name in sorted(names - self.fields.keys())
        }
        value: Any = None
        try:
            value = super().to_internal_value(data)
        except ValidationError as error:
            errors |= cast("dict[str, Any]", error.detail)
        if errors:
            raise ValidationError(errors)
        return value


class WholeNumberField(IntegerField):
    """An integer as JSON has it; DRF's own also takes texts such as "1_000"."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return data


def sent_fields(parsed: Struct) -> dict[str, Any]:
    """The fields of a struct that were sent, by name."""
    return {
        name: value
        for name in parsed.__struct_fields__
        if (value := getattr(parsed, name)) is not UNSET
    }
