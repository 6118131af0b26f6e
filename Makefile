# A thin front of CMake. `make` alone lists the targets.
.POSIX:
.SUFFIXES:
.PHONY: help deps build demo check check-long check-neon check-avx512 check-amx sanitize fuzz install format tidy
.PHONY: clean speed bench bench-record bench-program compare

MAKEFLAGS += --no-print-directory
EPOCHS = 5
FUZZ_SECONDS = 60
PREFIX = /usr/local
WERROR = OFF
JOBS = $$(nproc)
CONFIGURE = cmake -S . -DHEM_WERROR=$(WERROR) --log-level=WARNING
DEBUG = -DHEM_TESTS=ON -DCMAKE_BUILD_TYPE=Debug
COMPILE = cmake --build
# --no-tests=error: a run that executed no test fails.
TEST = ctest --no-tests=error --output-on-failure -j $(JOBS)

help:
	@echo "make demo        install what is missing, build, train two-conv on Fashion-MNIST (EPOCHS=5)"
	@echo "make check       build and run the quick tests (under 5 minutes)"
	@echo "make check-long  run the long tests"
	@echo "make check-neon  the kernels of 64-bit Arm: cross-compiled, under qemu (under a minute)"
	@echo "make check-avx512  the AVX-512 kernels in an emulated PC (minutes; needs Debian's archive)"
	@echo "make check-amx   the instructions of amx in an emulated PC (a minute; needs bochs 3.0)"
	@echo "make sanitize    quick tests under address, undefined-behaviour and thread sanitizers"
	@echo "make fuzz        random bytes into every reader (FUZZ_SECONDS=60 each; needs clang)"
	@echo "make build       the program and the library, in build/release"
	@echo "make install     to PREFIX=/usr/local (DESTDIR is respected)"
	@echo "make deps        install the libraries and tools that are missing (apt)"
	@echo "make speed       speed of NETWORK=experiments/two-conv.yaml against this CPU's peak"
	@echo "make bench       have kernels become slower than bench/baseline.json says?"
	@echo "make bench-record  write that baseline"
	@echo "make compare     beside PyTorch, Keras, JAX and ONNX Runtime (PyPI; 6 GB): docs/benchmarks.md"
	@echo "make format      clang-format over all sources"
	@echo "make tidy        clang-tidy over all sources"
	@echo "make clean       remove build/"

deps:
	@tools/deps run test data

build:
	@tools/deps run
	@$(CONFIGURE) -B build/release
	@$(COMPILE) build/release -j $(JOBS)

demo:
	@tools/deps run data
	@$(CONFIGURE) -B build/release
	@$(COMPILE) build/release -j $(JOBS) --target hemline_program
	build/release/hemline train experiments/two-conv.yaml --set train.epochs=$(EPOCHS)

check:
	@tools/deps run test data
	@$(CONFIGURE) -B build/release -DHEM_TESTS=ON
	@$(COMPILE) build/release -j $(JOBS)
	@cd build/release && $(TEST) -L quick

check-long:
	@tools/deps run test data cross browser
	@$(CONFIGURE) -B build/release -DHEM_TESTS=ON
	@$(COMPILE) build/release -j $(JOBS)
	@cd build/release && $(TEST) -L long

check-neon:
	@tools/deps run test cross
	@$(CONFIGURE) -B build/release -DHEM_TESTS=ON
	@$(COMPILE) build/release -j $(JOBS) --target kernel_kernels
	@tools/check_neon build/neon build/release/tests/kernel_kernels -DHEM_WERROR=$(WERROR)

check-avx512:
	@tools/deps run test emulate
	@tools/check_avx512 build/avx512

check-amx:
	@tools/deps run emulate
	@tools/check_amx build/amx

# Random bytes into every reader, FUZZ_SECONDS each; needs clang.
fuzz:
	@tools/deps run test
	@CC=clang $(CONFIGURE) -B build/fuzz $(DEBUG) -DHEM_FUZZ=ON -DHEM_FUZZ_SECONDS=$(FUZZ_SECONDS) \
	    -DHEM_SANITIZE=address,undefined,fuzzer-no-link
	@$(COMPILE) build/fuzz --target run_fuzzers

# The thread sanitizer knows fixed places for its memory: setarch -R turns off the randomisation
# that newer kernels widen beyond them, where the system lets it.
sanitize:
	@tools/deps run test
	@$(CONFIGURE) -B build/asan $(DEBUG) -DHEM_SANITIZE=address,undefined
	@$(COMPILE) build/asan -j $(JOBS)
	@cd build/asan && $(TEST) -L quick
	@$(CONFIGURE) -B build/tsan $(DEBUG) -DHEM_SANITIZE=thread
	@$(COMPILE) build/tsan -j $(JOBS)
	@run=; setarch -R true 2>/dev/null && run='setarch -R'; cd build/tsan && $$run $(TEST) -L threads

install:
	@tools/deps run
	@$(CONFIGURE) -B build/release -DCMAKE_INSTALL_PREFIX=$(PREFIX)
	@$(COMPILE) build/release -j $(JOBS)
	cmake --install build/release

format:
	find src include cli modules examples tests -name '*.[ch]' -exec clang-format -i {} +

tidy:
	@tools/deps run test
	@$(CONFIGURE) -B build/release -DHEM_TESTS=ON
	find src cli modules -name '*.c' ! -name 'vector*' -print0 | \
	    xargs -0 -n 4 -P $(JOBS) clang-tidy -quiet -p build/release

NETWORK = experiments/two-conv.yaml
speed: build
	build/release/hemline bench $(NETWORK)

# Instructions of kernels and their times beside a fixed loop's; exit code 8 where the first grew.
REGRESSION = python3 bench/regression.py build/release/bench_kernels
bench: bench-program
	@$(REGRESSION)

bench-record: bench-program
	@$(REGRESSION) --record

bench-program:
	@tools/deps run bench
	@$(CONFIGURE) -B build/release
	@$(COMPILE) build/release -j $(JOBS) --target bench_kernels

# COMPARE='--quick --networks E1' hands on options; python3 bench/compare.py --help lists them.
COMPARE =
compare: build
	@tools/deps compare data
	@python3 bench/compare.py $(COMPARE)

clean:
	rm -rf build
