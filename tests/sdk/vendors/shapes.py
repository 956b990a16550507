"""JSON held against the shapes of a botocore service model, and turned into what botocore takes."""

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from said import Refused, insist

from .strict import decoded

SERVICE = ServiceModel(Loader().load_service_model("bedrock-runtime", "service-2"))


def request_of(operation, uri_params, body):
    """The parameters that a boto3 user would have given."""
    shape = SERVICE.operation_model(operation).input_shape
    insist(isinstance(body, dict), "the body is no object")
    given = uri_params | parsed(shape, body, operation)
    report = ParamValidator().validate(given, shape)
    insist(not report.has_errors(), report.generate_report())
    return given


def parsed(shape, value, path):
    kind = shape.type_name
    if getattr(shape, "is_document_type", False):
        return value
    if kind == "structure":
        insist(isinstance(value, dict), f"{path} is no structure")
        extra = set(value) - set(shape.members)
        insist(not extra, f"{path}: extraneous key {extra} is not permitted")
        insist(all(v is not None for v in value.values()), f"{path} has a null")
        insist(not shape.is_tagged_union or len(value) == 1, f"{path} must have exactly one member: {set(value)}")
        return {name: parsed(shape.members[name], item, f"{path}.{name}") for name, item in value.items()}
    if kind == "list":
        insist(isinstance(value, list), f"{path} is no list")
        return [parsed(shape.member, item, f"{path}[{n}]") for n, item in enumerate(value)]
    if kind == "map":
        insist(isinstance(value, dict), f"{path} is no map")
        return {name: parsed(shape.value, item, f"{path}.{name}") for name, item in value.items()}
    if kind == "blob":
        return decoded(value, path)
    if kind == "string":
        insist(isinstance(value, str), f"{path} is no string")
        insist(not shape.enum or value in shape.enum, f"{path}: {value} is not one of {shape.enum}")
    if kind in ("float", "double"):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise Refused(f"{path} is no number")
        return float(value)
    return value
