"""The AWS wire: what AWS's own clients send, onto the same services as the native API.

Everything about bytes is here and driven by botocore's models: ``protocols`` parse requests and
serialise answers, ``signature`` knows who asks, ``endpoint`` is the application. A noun's file
holds handlers: typed functions from the parsed input to the model's output shape, thin over one
service, and the declaration of what they carry out. What is not declared is refused with AWS's own
error before a handler runs; nothing is accepted and ignored.

To add an operation:

1. Find its shapes: ``python -m minicloud.aws.coverage --show ec2 DescribeAddresses``.
2. Write ``handler(backend, request) -> Shape`` in the noun's file (``aws/ec2/addresses.py``), its
   request typed by the stubs (``types_boto3_ec2.type_defs``), its answer in the model's names.
   It raises what services raise; ``failures.AwsFailure`` is for what only the wire knows.
3. Declare it in the file's ``OPERATIONS`` with each member that is carried out (``carried``), or of
   which one value is (``checked``), and ``changes=True`` where it changes anything.
4. A new file joins ``registry``; a new service also needs a line in ``protocols.model``.
5. Test it through botocore's own client: ``tests.unit.aws_client``.
6. ``python -m minicloud.aws.coverage --write``; ``make check`` fails where it was forgotten.
"""
