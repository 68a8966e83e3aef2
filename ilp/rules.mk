# Exact bounds of integer programs and flow graphs, their certificates, and the checker of those.

ilp_SOURCES := $(addprefix ilp/,ilp.c proof.c exact.c presolve.c engine.c basis.c cuts.c branch.c lp_read.c certificate.c ipet.c reduce.c ipet_solve.c)
ilp_LIBS := -lglpk -lgmp -linih -ljansson -lxxhash -lm

$(eval $(call host_library,ilp,$(ilp_SOURCES)))

# The checker shares no code with the rest.
$(eval $(call host_program,potoroo-check,ilp/check.c,,-lgmp))
build: $(BUILD)/potoroo-check

# $(call ilp_test,NAME): like unit_test, with the generator of random graphs.
define ilp_test
$(call host_program,ilp/test/$(1),ilp/test/$(1).c ilp/test/random_graph.c,ilp base,-lcmocka $(ilp_LIBS))
check-ilp-$(1): $(BUILD)/ilp/test/$(1)
	@.ci/cmocka $$<
CHECKS += check-ilp-$(1)
endef

$(eval $(call ilp_test,ipet_test))
$(eval $(call ilp_test,lp_test))
$(eval $(call ilp_test,certificate_test))
check-ilp-certificate_test: $(BUILD)/potoroo-check
