from drf_spectacular.openapi import AutoSchema


class ServiceSchema(AutoSchema):
    pass
