# darkhttpd from malloc to ponds. Included by the Makefile.
.PHONY: advise
advise: ## a real server from malloc to ponds: which objects, converted, tested, loaded (ADVISE_SECONDS=n)
	@.ci/install-deps build advise
	@+$(MAKE) --no-print-directory $(JOBS) lib migrate scout
	@rm -f $(B)/advise/no-source
	@examples/advise/run $(B) || { status=$$?; [ $$status -ne 77 ] || touch $(B)/advise/no-source; exit $$status; }
