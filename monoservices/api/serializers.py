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
    """DRF's `BaseSerializer` over structs. Subclasses write `create`, `update` and `represent`.

    struct: what a request sends. `data=` takes the bytes of a JSON text, or a dict.
    partial_struct: what a request sends with `partial=True`; `struct` by default.
    """

    struct: ClassVar[type[Struct]]
    partial_struct: ClassVar[type[Struct] | None] = None

    _problem: Problem | None = None

    @classmethod
    def parse(cls, data: bytes | Mapping[str, Any], *, partial: bool = False) -> Struct:
        """Decode and validate `data`. Raises Malformed, or Invalid with the errors by field."""
        struct = (cls.partial_struct or cls.struct) if partial else cls.struct
        parsed = decode(data, struct) if isinstance(data, bytes) else convert(data, struct)
        cls.check(parsed, partial=partial)
        return parsed

    @classmethod
    def check(cls, parsed: Any, *, partial: bool) -> None:
        """Raise Invalid if fields that are valid alone are not valid together."""

    @classmethod
    def represent(cls, instance: Any) -> Struct:
        """Return the struct that a response sends for `instance`."""
        raise NotImplementedError

    def run_validation(self, data: bytes | Mapping[str, Any] = b"") -> dict[str, Any]:
        """Return the fields that `data` sends. DRF calls this from `is_valid`."""
        try:
            return sent_fields(self.parse(data, partial=self.partial))
        except Problem as problem:
            self._problem = problem
            raise StructValidationError(problem) from None

    def is_valid(self, *, raise_exception: bool = False) -> bool:
        """Validate, as in DRF. What is raised keeps the problem: its code and its detail."""
        is_valid = super().is_valid()
        if raise_exception and self._problem is not None:
            raise StructValidationError(self._problem)
        return is_valid

    def to_representation(self, instance: Any) -> Any:
        return to_builtins(self.represent(instance))


class ForbidUnknownFields(Serializer):  # type: ignore[type-arg]  # its instance may be anything
    """A plain DRF serializer that rejects unknown fields, as structs do."""

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
    """A JSON integer. DRF's own field also accepts texts such as "1_000"."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return data


def sent_fields(parsed: Struct) -> dict[str, Any]:
    """Return the fields that the request has sent, by name."""
    return {
        name: value
        for name in parsed.__struct_fields__
        if (value := getattr(parsed, name)) is not UNSET
    }
