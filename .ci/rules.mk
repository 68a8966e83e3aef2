# The set-up's own tests, and the proof on fresh machines.
check-ci:
	@/usr/bin/python3 .ci/test/ci_test.py
CHECKS += check-ci

.PHONY: fresh-check
fresh-check:
	@.ci/fresh-check
HELP += "fresh-check|prove make and make check on a debootstrapped Debian 12 and 13 (root; FRESH=\"all\" leaves out check)"
