# The list of a folder from 1k to 1M messages: time to the first page, and memory.
BENCH_STORE_ROWS ?= 1000 10000 100000

$(B)/bench/store_list: bench/store_list.c $(foreach l,store $(DEPS_store),$(B)/$(l).a)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -Isrc/store -MMD -MP -o $@ $< $(LDFLAGS) $(call link_group,store $(DEPS_store))

.PHONY: bench-store
bench-store: $(B)/bench/store_list ## first page of a folder, 1k to 1M messages
	$(B)/bench/store_list $(BENCH_STORE_ROWS)
