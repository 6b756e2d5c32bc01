"""ELBv2 on the wire: load balancers, listeners, rules, target groups, targets and their health.

One file a noun, thin over the service of that name. What is AWS's own and has no native twin is
here: ARNs for identifiers, settings as lists of attributes, a listener's default rule.

Where a cloud is not AWS, it says so:

- A cloud has one subnet, in one zone. A balancer is made of that subnet, named once or more often;
  AWS wants an application balancer to have two.
- Balancers are ``internet-facing`` (at an address of the cloud's own block); ``internal`` ones are
  refused (``InvalidScheme``).
- An attribute is told where it is true of a cloud's balancers, with the value that is true; it can
  be set to no other unless it is carried out. Keys that would not be true are unknown.
"""
