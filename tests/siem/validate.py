"""Validates OCSF events, one a line, with the newest schema that the package carries."""

import json
import sys

from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

VERSION = "1.8.0"


def main(path):
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=VERSION))
    passed = failed = skipped = 0
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            event = json.loads(line)
            name = schema.lookup_class_name_from_uid(class_uid=event["class_uid"]) if event["class_uid"] != 3007 else None
            if name is None:
                skipped += 1
                continue
            validator = Draft202012Validator(schema.get_class_schema(class_name=name, profiles=[]))
            faults = list(validator.iter_errors(event))
            for fault in faults:
                print(f"{event['message']}: {'/'.join(map(str, fault.absolute_path))}: {fault.message[:200]}")
            passed, failed = passed + (not faults), failed + bool(faults)
    print(f"schema {VERSION}: {passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
