"""What tests of services need: rows of other services, and fakes of communication modules."""
