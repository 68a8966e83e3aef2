# The proof on fresh machines.
.PHONY: fresh-check
fresh-check:
	@.ci/fresh-check
HELP += "fresh-check|prove make and make check on a debootstrapped Debian 12 and 13 (root; FRESH=\"all\" leaves out check)"
