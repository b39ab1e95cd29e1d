# make            the libraries and the examples, in build/
# make demo       builds and runs the demonstration
# make test       every test; the last line says how many passed and failed
# make test-history  the generator, with revisions of the protocol from 2017 to today
# make lint       format, warnings of gcc and clang, clang-tidy, cppcheck, our own rules
# make bench      measurements against other clients, and the inspectors of Node
# make tsan       what has threads, under ThreadSanitizer
# make fuzz       each fuzzer for FUZZ_TIME seconds (30)
# make record-traffic  what Nodes and Chromium say, anew, for tests/skew
# make docs       the reference, HTML, in build/docs/html/
# make protocol-update   another revision of the protocol, and what changes by it: the newest,
#                 VERSION=, or FROM= a file, a folder or http://HOST:PORT; TEST=no: without tests
# make generate   generated/ from protocol_json/ (make does it by itself when these change)
# make size       what the libraries and a program take
# make install    DESTDIR= PREFIX=/usr/local; make uninstall
# make clean      all but what was downloaded; make distclean: that too
#
# What is missing is looked for and installed by tools/setup.sh; SETUP=no keeps
# it from installing.  CC, CXX, CFLAGS, CXXFLAGS and LDFLAGS are yours.  A V8 of
# your own: V8_CFLAGS and V8_LIBS.  V8=no builds only libcdpkit.
#
# DOMAINS='Runtime Page.navigate' builds libraries of these and what they refer
# to, PROTOCOL=mine.json adds domains of your own; in build/selected/.

PREFIX   ?= /usr/local
BINDIR   ?= $(PREFIX)/bin
LIBDIR   ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DATADIR  ?= $(PREFIX)/share
CFLAGS   ?= -O2 -g
CXXFLAGS ?= $(CFLAGS)
B        ?= build
FUZZ_TIME ?= 30
GENERATE = $(PYTHON) generator/cdpgen.py --in protocol_json --out generated

comma := ,
empty :=
space := $(empty) $(empty)

# A line for each step; the whole command with V=1.
step      = $(if $(V),,@echo '  $1 $@';)

all:

# ---- set-up: each level leaves what it found in build/setup-LEVEL.mk -------
# A level is looked at when a goal needs it, and again when setup.sh has changed.

GOALS := $(or $(MAKECMDGOALS),all)
SELECTED := $(strip $(DOMAINS) $(PROTOCOL))
ifneq ($(filter-out clean distclean help,$(GOALS)),)
LEVELS := build $(filter generate test bench lint,$(patsubst tsan,test,$(patsubst protocol-update,generate,$(GOALS:build-tests=test)))) \
          $(if $(filter fuzz,$(GOALS)),lint) $(if $(filter docs fuzz test-history,$(GOALS)),generate) \
          $(if $(filter test record-traffic,$(GOALS)),clients) $(if $(filter test test-history,$(GOALS)),history) \
          $(if $(findstring /tests/,$(GOALS)),test) $(patsubst $B/setup-%.mk,%,$(wildcard $B/setup-*.mk))

# generated/INPUTS.sha256 holds the hashes of what generated/ was made from.
# (Times of files mean nothing in a fresh clone.)
LISTED := $(shell sed 's/^[0-9a-f]*  //' generated/INPUTS.sha256 2>/dev/null)
STALE  := $(filter-out $(LISTED),$(wildcard protocol_json/*.json protocol_json/docs/*.txt protocol_json/REVISION \
            generator/*.py generator/templates/*.j2)) \
          $(shell sha256sum --check --status generated/INPUTS.sha256 2>/dev/null || echo changed)
STALE  := $(if $(SELECTED),,$(strip $(STALE)))
LEVELS += $(if $(STALE)$(SELECTED),generate)

include $(patsubst %,$B/setup-%.mk,$(sort $(LEVELS)))
$(patsubst %,$B/setup-%.mk,$(filter-out build,$(LEVELS))): $B/setup-build.mk
$B/setup-clients.mk: tests/clients/package-lock.json tests/remote/package-lock.json
$B/setup-bench.mk: bench/package-lock.json
$B/setup-history.mk: tests/history/versions.txt
$B/setup-%.mk: tools/setup.sh
	@B='$(@D)' V8='$(V8)' SETUP='$(SETUP)' CC='$(CC)' CXX='$(CXX)' tools/setup.sh $*

# Being included, this is made before anything else, and make starts over.
ifneq ($(and $(STALE),$(PYTHON)),)
$(if $(filter-out 1 2 3,$(MAKE_RESTARTS)),$(error the generator leaves generated/ out of date))
include $B/generated.mk
$B/generated.mk: FORCE
	$(GENERATE)
	@touch $@
endif
endif

# ---- bindings: generated/, or those that DOMAINS and PROTOCOL ask for ------
# The latter have a folder of their own, and what is built from them is below it.

G        := generated
DEPS     := $B/deps
SOURCES   = --in protocol_json $(PROTOCOL:%=--in '%') $(if $(ONLY),--domains '$(subst $(space),$(comma),$(ONLY))')
ifneq ($(SELECTED),)
$(foreach g,$(filter test build-tests tsan fuzz bench lint% generate,$(GOALS)),$(error make $g takes neither DOMAINS nor PROTOCOL))
override B := $B/selected
G        := $B/bindings
ONLY     := $(sort $(subst $(comma),$(space),$(DOMAINS)))
INPUTS   := $(wildcard protocol_json/*.json protocol_json/REVISION protocol_json/docs/*) $(PROTOCOL)
ifneq ($(PYTHON),)
include $B/bindings.mk
$B/bindings.mk: $(INPUTS) $(wildcard generator/*.py generator/templates/*.j2)
	@mkdir -p $B && rm -rf $B/lib* $B/examples $B/cdp
	$(call step,GEN)$(PYTHON) generator/cdpgen.py $(SOURCES) --out $G
	@echo 'MADE_FROM := $(strip $(ONLY) $(INPUTS))' >$@
# No file's time tells that another choice was made.
ifneq ($(MADE_FROM),$(strip $(ONLY) $(INPUTS)))
$B/bindings.mk: FORCE
endif
endif
endif

# ---- sources ---------------------------------------------------------------

CORE_C   := $(sort $(wildcard runtime/core/*.c runtime/bridge/*.c runtime/net/*.c runtime/targets/*.c runtime/report/*.c \
            $G/src/*.c))
V8_C     := $(sort $(wildcard runtime/v8/*.c runtime/v8/*.cc runtime/inspector/*.c))
HEADERS  := $(wildcard runtime/include/cdp/*.h)
CLI_C    := $(sort $(wildcard cli/*.c))
EXAMPLE_C := $(sort $(wildcard examples/*.c))
EMBED_C  := $(wildcard examples/*.cc)
BENCH_C  := $(sort $(wildcard bench/*.c bench/*.cc))
FUZZ_C   := $(sort $(wildcard tests/fuzz/*.c))
TEST_C   := $(sort $(wildcard tests/unit/*.c tests/skew/*.c tests/remote/*.c tests/v8/*.c tests/inspector/*.c))
SUPPORT_C := $(sort $(wildcard tests/support/*.c))
V8_HEADER := <cdp/\(host\|v8\|inspector\|inspector_network\)\.h>
ifeq ($(V8),no)
with_v8  := $(shell grep -l '$(V8_HEADER)' $(EXAMPLE_C) $(BENCH_C) /dev/null)
EXAMPLE_C := $(filter-out $(with_v8),$(EXAMPLE_C))
BENCH_C  := $(filter-out $(with_v8) %.cc,$(BENCH_C))
TEST_C   := $(filter-out tests/v8/% tests/inspector/%,$(TEST_C))
V8_C     :=
CLI_C    :=
EMBED_C  :=
HEADERS  := $(filter-out %/host.h %/v8.h %/inspector.h %/inspector_network.h,$(HEADERS))
endif
# Parts that are about domains of which not all is there are left out.
ifneq ($(and $(SELECTED),$(wildcard $G/domains.txt)),)
FILES    := $(filter-out $G/%,$(HEADERS) $(CORE_C) $(V8_C) $(CLI_C) $(EXAMPLE_C) $(EMBED_C))
LEFT_OUT := $(shell tools/left_out.py $G/domains.txt $(FILES))
$(foreach v,HEADERS CORE_C V8_C CLI_C EXAMPLE_C EMBED_C,$(eval $v := $(filter-out $(LEFT_OUT),$($v))))
tell_left_out = @tools/left_out.py --why $G/domains.txt $(FILES)
endif
# tests/support is for all tests and fuzzers; elsewhere in tests/ and in bench/, files without
# main() are helpers of those with.
with_main = $(shell grep -l '^int main' $1 /dev/null)
MAIN_C   := $(call with_main,$(TEST_C))
MEASURE_C := $(call with_main,$(BENCH_C))
THREADED := $(filter tests/inspector/% tests/remote/test_threads.c tests/remote/test_loop.c,$(MAIN_C)) $(shell grep -l far_host.h $(filter tests/v8/%,$(MAIN_C)) /dev/null)

objects   = $(patsubst %,$B/$1/%.o,$(basename $(patsubst $G/%,generated/%,$2)))
programs  = $(patsubst %.c,$B/$1/%,$2)

RELEASE  := $(shell sed -n 's/^.define CDP_VERSION_\(MAJOR\|MINOR\|PATCH\) //p' runtime/include/cdp/cdp.h | paste -sd.)
REVISION := $(shell grep -o '[0-9]\{4,\}' protocol_json/REVISION 2>/dev/null | head -n 1)
# What --domains would take to come to the same.
CONTENT   = $(sort $(shell sed -n '/^\#/d; s/ .* all .*//p' $G/domains.txt) $(foreach d,$(ONLY),$(if $(findstring .,$d),$d)))
# Generated structs move with the protocol, so its revision is part of the soname; those of a selection
# have a number of their own there as well.
DIGEST   := $(if $(SELECTED),$(shell sed -n 's/^\#define CDP_PROTOCOL_ID 0x//p' $G/include/cdp/forward.h 2>/dev/null))
SOVERSION := $(firstword $(subst ., ,$(RELEASE)))$(REVISION:%=.%)$(DIGEST:%=.%)

# ---- flags -----------------------------------------------------------------

WARN     := -Wall -Wextra -Wpedantic -Wshadow -Wpointer-arith -Wwrite-strings -Wcast-qual -Wvla -Wundef
WARN_C   := $(WARN) -Wstrict-prototypes -Wmissing-prototypes
# Nothing that is built names the folder it was built in.
NOWHERE  := '-ffile-prefix-map=$(CURDIR)=.'
BOTH     := -D_POSIX_C_SOURCE=200809L -fPIC -fno-semantic-interposition -fno-strict-overflow -pthread \
            -ffunction-sections -fdata-sections $(NOWHERE) -Iruntime/include -I$G/include \
            -iquote runtime -iquote runtime/core -iquote tests
# llhttp is compiled in under names of its own, since a libnode has another one (tools/setup.sh).
LLHTTP   := $(DEPS)/llhttp
LLHTTP_O := llhttp/llhttp.o llhttp/api.o llhttp/http.o
ALL_CFLAGS   = -std=c11 $(BOTH) $(WARN_C) $(WERROR) $(UV_CFLAGS) $(CJSON_CFLAGS) $(OPENSSL_CFLAGS) -isystem $(LLHTTP)
ALL_CXXFLAGS = -std=c++17 $(BOTH) -fno-rtti -fno-exceptions $(WARN) $(WERROR) $(V8_CFLAGS)
ALL_LDFLAGS  = -pthread -Wl,--gc-sections -Wl,--as-needed $(LDFLAGS)
LIBS     = $(CJSON_LIBS) $(UV_LIBS) $(OPENSSL_LIBS) -lm
# wslay is a WebSocket peer to test ours against.
TEST_LIBS = $(CMOCKA_LIBS) -lwslay
LIBS_V8  = $(V8_LIBS) $(UV_LIBS) -lstdc++
# A V8 that set-up unpacked is installed too, and found from where the library lies.
V8_DIR   = $(if $(V8_C),$(filter $(abspath $(DEPS))/%,$(patsubst -L%,%,$(filter -L%,$(V8_LIBS)))))
# No vptr check: V8's classes have no type information to check.
ASAN     := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=all
TSAN     := -O1 -g -fsanitize=thread

# ---- objects: build/obj, and the same with other compilers and flags -------

define compile # folder, CC, CXX, flags of both, user's flags or not
$B/$1/%.o: %.c
	@mkdir -p $$(@D)
	$$(call step,CC )$2 $$(ALL_CFLAGS) $(if $5,$$(CFLAGS)) $4 $$(EXTRA) -MMD -MP -c -o $$@ $$<
$B/$1/%.o: %.cc
	@mkdir -p $$(@D)
	$$(call step,CXX)$3 $$(ALL_CXXFLAGS) $(if $5,$$(CXXFLAGS)) $4 -MMD -MP -c -o $$@ $$<
$B/$1/generated/%.o: $G/%.c
	@mkdir -p $$(@D)
	$$(call step,CC )$2 $$(ALL_CFLAGS) $(if $5,$$(CFLAGS)) $4 -MMD -MP -c -o $$@ $$<
$B/$1/llhttp/%.o: $(LLHTTP)/%.c Makefile
	@mkdir -p $$(@D)
	$$(call step,CC )$2 -std=c11 -fPIC $(NOWHERE) -fvisibility=hidden -w -DLLHTTP_STRICT_MODE=1 -include $(LLHTTP)/cdp_llhttp.h -isystem $(LLHTTP) $(if $5,$$(CFLAGS)) $4 -c -o $$@ $$<
endef
$(eval $(call compile,obj,$$(CC),$$(CXX),,user))
$(eval $(call compile,asan,$$(CC),$$(CXX),$(ASAN) -Werror))
$(eval $(call compile,lint-gcc,gcc,g++,-O2 -Werror))
$(eval $(call compile,lint-clang,clang,clang++,-O2 -Werror))
$(eval $(call compile,tsan,$$(CC),$$(CXX),$(TSAN)))
$(eval $(call compile,fuzz,clang,clang++,$(ASAN) -fsanitize=fuzzer-no-link))
$B/asan/tests/% $B/obj/tests/% $B/tsan/tests/%: EXTRA = $(CMOCKA_CFLAGS)

# ---- libraries -------------------------------------------------------------

ARCHIVES := $B/libcdpkit.a $(if $(V8_C),$B/libcdpkit-v8.a)
SHARED   := $(patsubst %.a,%.so,$(ARCHIVES))

$B/libcdpkit.a: $(call objects,obj,$(CORE_C)) $(LLHTTP_O:%=$B/obj/%)
$B/libcdpkit-v8.a: $(call objects,obj,$(V8_C))
$B/asan/libcdpkit.a: $(call objects,asan,$(CORE_C)) $(LLHTTP_O:%=$B/asan/%)
$B/asan/libcdpkit-v8.a: $(call objects,asan,$(V8_C))
$B/tsan/libcdpkit.a: $(call objects,tsan,$(CORE_C)) $(LLHTTP_O:%=$B/tsan/%)
$B/tsan/libcdpkit-v8.a: $(call objects,tsan,$(V8_C))
$B/fuzz/libcdpkit.a: $(call objects,fuzz,$(CORE_C)) $(LLHTTP_O:%=$B/fuzz/%)
$B/obj/libhelp.a: $(call objects,obj,$(filter-out $(MAIN_C),$(SUPPORT_C) $(TEST_C)))
$B/asan/libhelp.a: $(call objects,asan,$(filter-out $(MAIN_C),$(SUPPORT_C) $(TEST_C)))
$B/tsan/libhelp.a: $(call objects,tsan,$(filter-out $(MAIN_C),$(SUPPORT_C) $(TEST_C)))
$B/fuzz/libhelp.a: $(call objects,fuzz,$(SUPPORT_C))
$B/obj/libbench.a: $(call objects,obj,$(filter-out $(MEASURE_C),$(BENCH_C)))
%.a:
	@mkdir -p $(@D) && rm -f $@
	$(call step,AR )$(AR) rcs $@ $^

# tests/exports*.txt name what a shared library exports, a symbol a line.
$B/%.map: tests/%.txt
	@{ echo '{ global:'; sed 's/#.*//; /^ *$$/d; s/$$/;/' $<; echo 'local: *; };'; } >$@

# Functions bind at once.  Tables do not: a program may have copies of them, which are then everybody's.
$B/libcdpkit.so: $(call objects,obj,$(CORE_C)) $(LLHTTP_O:%=$B/obj/%) $B/exports.map
	@rm -f $@.*
	$(call step,LD )$(CC) -shared $(ALL_LDFLAGS) -Wl,-soname,$(@F).$(SOVERSION),-Bsymbolic-functions,-z,defs,--version-script=$(filter %.map,$^) \
	    -o $@.$(SOVERSION) $(filter %.o,$^) $(LIBS)
	@ln -sf $(@F).$(SOVERSION) $@

$B/libcdpkit-v8.so $B/installed/libcdpkit-v8.so: $(call objects,obj,$(V8_C)) $B/exports-v8.map $B/libcdpkit.so
	@mkdir -p $(@D) && rm -f $@.*
	$(call step,LD )$(CC) -shared $(ALL_LDFLAGS) -Wl,-soname,$(@F).$(SOVERSION),-Bsymbolic-functions,-z,defs,--version-script=$(filter %.map,$^) \
	    -o $@.$(SOVERSION) $(filter %.o,$^) -L$B -lcdpkit $(LIBS_V8)
	@ln -sf $(@F).$(SOVERSION) $@

# ---- programs --------------------------------------------------------------

EXAMPLES := $(EXAMPLE_C:%.c=$B/%)
EMBED    := $(EMBED_C:%.cc=$B/%)
CLI      := $(if $(CLI_C),$B/cdp)
BENCHES  := $(MEASURE_C:%.c=$B/%)

# tests/v8/, tests/inspector/ and what includes a header of libcdpkit-v8 have V8 in them.
needs_v8  = $(filter tests/v8/% tests/inspector/%,$1)$(shell grep -q '$(V8_HEADER)' $1 && echo yes)
# folder of the archives, program's source
archives  = $(if $(call needs_v8,$2),$B/$1libcdpkit-v8.a) $B/$1libcdpkit.a
libraries = $(if $(filter %libcdpkit-v8.a,$^),$(LIBS_V8)) $(LIBS)

# What is linked: objects, helpers, our libraries from the top down.
in_order  = $(filter %.o,$^) $(filter %/libhelp.a %/libbench.a,$^) $(filter %/libcdpkit-v8.a,$^) $(filter %/libcdpkit.a,$^)

.SECONDEXPANSION:
$(BENCHES): $B/obj/libbench.a
$(EXAMPLES) $(BENCHES): $B/%: $B/obj/%.o $$(call archives,,%.c)
	@mkdir -p $(@D)
	$(call step,LD )$(CC) $(ALL_LDFLAGS) -o $@ $(in_order) $(libraries)

$(call programs,asan,$(MAIN_C)): $B/asan/%: $B/asan/%.o $B/asan/libhelp.a $$(call archives,asan/,%.c)
	$(call step,LD )$(CC) $(ALL_LDFLAGS) $(ASAN) -o $@ $(in_order) $(libraries) $(TEST_LIBS)

$(call programs,tsan,$(THREADED)): $B/tsan/%: $B/tsan/%.o $B/tsan/libhelp.a $$(call archives,tsan/,%.c)
	$(call step,LD )$(CC) $(ALL_LDFLAGS) $(TSAN) -o $@ $(in_order) $(libraries) $(CMOCKA_LIBS)

$(call programs,obj,$(MAIN_C)): $B/obj/%: $B/obj/%.o $B/obj/libhelp.a $$(call archives,,%.c)
	$(call step,LD )$(CC) $(ALL_LDFLAGS) -o $@ $(in_order) $(libraries) $(TEST_LIBS)

$(call programs,fuzz,$(FUZZ_C)): $B/fuzz/%: $B/fuzz/%.o $B/fuzz/libhelp.a $B/fuzz/libcdpkit.a
	$(call step,LD )clang $(ALL_LDFLAGS) $(ASAN) -fsanitize=fuzzer -o $@ $(in_order) $(LIBS)

$(EMBED): $B/obj/examples/embed.o $(ARCHIVES)
	$(call step,LD )$(CXX) $(ALL_LDFLAGS) -o $@ $(in_order) $(libraries)

$(CLI) $B/installed/cdp: $(call objects,obj,$(CLI_C)) $(ARCHIVES)
	@mkdir -p $(@D)
	$(call step,LD )$(CC) $(ALL_LDFLAGS) -o $@ $(in_order) $(libraries)

all: $(ARCHIVES) $(SHARED) $(EXAMPLES) $(EMBED) $(CLI)
	$(tell_left_out)

demo: $B/examples/demo
	$B/examples/demo

# ---- version skew: tests/skew with the bindings of older revisions ----------
# The core and the tests' helpers are those of the others; tables and headers are their own.
# With SETUP=no those whose protocol is there.

SKEW     := 1067399 1541017
PACKAGE  := $B/deps/protocols/devtools-protocol-0.0.
ifeq ($(SETUP),no)
SKEW     := $(patsubst $(PACKAGE)%.tgz,%,$(wildcard $(SKEW:%=$(PACKAGE)%.tgz)))
endif
SKEW_C   := $(sort $(wildcard tests/skew/*.c))
SKEW_TESTS := $(SKEW:%=$B/skew/%/test_skew)

$(SKEW:%=$(PACKAGE)%.tgz): $(PACKAGE)%.tgz:
	@B='$B' tools/fetch_protocols.py 0.0.$*

# Node's own domains are not in the package.
$B/skew/%/tables.a: $(PACKAGE)%.tgz $(wildcard generator/*.py generator/templates/*.j2) \
        protocol_json/node_protocol.json runtime/include/cdp/desc.h
	@rm -rf $(@D) && mkdir -p $(@D)/obj
	$(call step,GEN)$(PYTHON) generator/import_protocol.py $< --out $(@D)/protocol
	@cp protocol_json/node_protocol.json $(@D)/protocol
	@$(PYTHON) generator/cdpgen.py --in $(@D)/protocol --out $(@D)/generated
	$(call step,CC )cd $(@D)/obj && $(CC) -std=c11 $(ASAN) -w -I$(CURDIR)/runtime/include -I../generated/include -c ../generated/src/*.c
	@$(AR) rcs $@ $(@D)/obj/*.o

define skew # revision
$B/skew/$1/%.o: tests/skew/%.c $B/skew/$1/tables.a
	$$(call step,CC )$$(CC) $$(filter-out -I$G/include,$$(ALL_CFLAGS)) -I$B/skew/$1/generated/include $$(CMOCKA_CFLAGS) $(ASAN) -Werror -MMD -MP -c -o $$@ $$<
$B/skew/$1/test_skew: $(SKEW_C:tests/skew/%.c=$B/skew/$1/%.o) $B/skew/$1/tables.a $B/asan/libhelp.a $B/asan/libcdpkit.a
	$$(call step,LD )$$(CC) $$(ALL_LDFLAGS) $(ASAN) -o $$@ $$(filter %.o,$$^) $$(filter %.a,$$^) $$(LIBS) $$(TEST_LIBS)
endef
$(foreach r,$(SKEW),$(eval $(call skew,$r)))

# What real programs say, anew: tests/skew/recorded/.
record-traffic: $B/tools/play
	tools/record_traffic.py $< tests/skew/recorded chromium=$$(command -v chromium) $(NODES:%=node%)

$B/tools/play: $B/obj/tools/play.o $B/libcdpkit.a
	@mkdir -p $(@D)
	$(call step,LD )$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# ---- tests -----------------------------------------------------------------

# Under sanitizers; what has V8 in it without them as well.
TESTS := $(call programs,asan,$(MAIN_C)) $(SKEW_TESTS) $(call programs,obj,$(filter tests/v8/% tests/inspector/%,$(MAIN_C)))

build-tests: all $(TESTS)

# `node` is one of those that set-up installed: the system's may be too old to say when it waits.
NODE_DIR = $(patsubst 20=%/node,%:,$(filter 20=%,$(NODES)))

test: build-tests
	@PATH='$(NODE_DIR)'"$$PATH" NODES='$(NODES)' tools/run_tests.py --logs $B/test-logs $(TESTS:%='tap:%') \
	    $(if $(wildcard tests/generator),'pytest:$(PYTHON) -m pytest -p no:cacheprovider tests/generator') \
	    $(if $(CLI_C),'pytest:$(PYTHON) -m pytest -p no:cacheprovider tests/cli') \
	    $(if $(CLI),'pytest:env CDP_TARGET="$(CLI) run" NODE_PATH=$(NODE_MODULES) $(PYTHON) -m pytest -p no:cacheprovider tests/clients') \
	    $(if $(wildcard generator/cdpgen.py),'check:generated/ is what the generator makes:$(GENERATE) --check') \
	    'check:the generator stands 500 odd cases:$(PYTHON) tests/fuzz/fuzz_generator.py --runs 500' \
	    'tap:tools/check_headers.py' \
	    'tap:$(PYTHON) tools/test_history.py --sample' \
	    'pytest:env B=$B $(PYTHON) -m pytest -p no:cacheprovider tests/install' \
	    $(if $(V8_C),'tap:tools/check_examples.py $B/examples') \
	    'check:README.md shows what there is:tools/check_readme.py' \
	    $(if $(wildcard tests/exports.txt),'tap:tools/check_exports.py $B/libcdpkit.so tests/exports.txt') \
	    $(if $(V8_C),'tap:tools/check_exports.py $B/libcdpkit-v8.so tests/exports-v8.txt')

test-history:
	@tools/fetch_protocols.py --all
	@$(PYTHON) tools/test_history.py --all

# What tools/test_history.py compiles with.
test test-history: export B := $B
test test-history: export CC := $(CC)
test test-history: export CXX := $(CXX)
test test-history: export WARN := $(WARN)
test test-history: export WARN_C := $(WARN_C)

# V8's own library is not instrumented: what is reported there is left out.
tsan: $(call programs,tsan,$(THREADED))
	@TSAN_OPTIONS='suppressions=tests/tsan.supp exitcode=66' tools/run_tests.py --logs $B/tsan-logs $(^:%='tap:%')

fuzz: $(call programs,fuzz,$(FUZZ_C))
	@$(PYTHON) tests/fuzz/fuzz_generator.py --seconds $(FUZZ_TIME) --seed "$$(date +%s)"
	@for f in $^; do \
	    mkdir -p $$f.corpus && echo "# $$f" && \
	    $$f -max_total_time=$(FUZZ_TIME) -print_final_stats=1 -artifact_prefix=$$f. $$f.corpus $(wildcard tests/corpus) || exit 1; \
	done

bench: $(BENCHES) $(CLI)
	@export NODE18='$(NODE18)' NODE_PATH='$(BENCH_MODULES)'; if [ -x bench/run ]; then bench/run; else for b in $(BENCHES); do $$b || exit 1; done; fi

# ---- lint ------------------------------------------------------------------

HAND_C   := $(sort $(wildcard $(foreach d,runtime/include/cdp runtime/core runtime/bridge runtime/net runtime/targets \
            runtime/report runtime/v8 runtime/inspector cli examples examples/barista bench tests/support tests/unit tests/skew tests/remote tests/v8 tests/inspector tests/fuzz tests/install tools,$d/*.c $d/*.h $d/*.cc $d/*.hh)))
LINT_C    = $(CORE_C) $(V8_C) $(CLI_C) tools/play.c $(EXAMPLE_C) $(BENCH_C) $(SUPPORT_C) $(TEST_C) $(FUZZ_C)
# Left out: what fires on sound code here (the analyzer does not see that one function's success
# implies another's).
TIDY     := bugprone-*,-bugprone-easily-swappable-parameters,-bugprone-narrowing-conversions \
            -bugprone-implicit-widening*,-bugprone-reserved-identifier,-bugprone-branch-clone \
            -bugprone-assignment-in-if*,-bugprone-not-null-terminated-result,-bugprone-sizeof-expression \
            -bugprone-misplaced-widening-cast,clang-analyzer-core*,clang-analyzer-unix*,clang-analyzer-deadcode* \
            -clang-analyzer-core.NonNullParamChecker,-clang-analyzer-core.NullDereference \
            -clang-analyzer-core.uninitialized*
TIDY_C    = $(filter %.c,$(filter runtime/%,$(CORE_C) $(V8_C)) $(CLI_C))

lint: lint-tidy lint-format lint-rules lint-gcc lint-clang lint-cppcheck

lint-format:
	@clang-format --dry-run -Werror $(HAND_C)

lint-rules:
	@tools/lint_includes.py
	@tools/lint_files.py
	@tools/lint_docs.py
	@if command -v shellcheck >/dev/null; then shellcheck tools/*.sh .ci/run; fi

lint-gcc: $(call objects,lint-gcc,$(LINT_C))
lint-clang: $(call objects,lint-clang,$(LINT_C))

lint-tidy: $(TIDY_C:%=lint-tidy/%)
$(TIDY_C:%=lint-tidy/%): lint-tidy/%:
	$(call step,TIDY)clang-tidy --quiet --warnings-as-errors='*' --checks='-*,$(subst $(space),$(comma),$(TIDY))' \
	    $* -- $(ALL_CFLAGS) 2>$B/tidy-$(*F).err || { cat $B/tidy-$(*F).err; false; }

lint-cppcheck:
	@cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,portability --inline-suppr --suppress=missingInclude \
	    -Iruntime/include -Igenerated/include $(filter runtime/%.c,$(CORE_C) $(V8_C))

# ---- the rest --------------------------------------------------------------

generate: $B/setup-generate.mk
	$(GENERATE)

docs:
	$(PYTHON) generator/cdpgen.py $(SOURCES) --docs $B/docs/html

# Words of protocol_json/docs/ that no longer fit are work to do, whatever the tests say.
protocol-update: $B/setup-generate.mk
	@$(PYTHON) tools/protocol_update.py --version '$(VERSION)' --from '$(FROM)'
	@$(MAKE) all
	@rc=0; $(if $(filter no,$(TEST)),,$(MAKE) test || rc=$$?;) \
	    tools/lint_docs.py >$B/docs-to-do || { echo 'To do in protocol_json/docs/:'; cat $B/docs-to-do; }; exit $$rc

size: $(ARCHIVES) $(SHARED) $(EXAMPLES) $(CLI)
	@tools/size.py $G $(ARCHIVES) $(patsubst %,%.$(SOVERSION),$(SHARED)) $(EXAMPLES) $(CLI)

# With a V8 that set-up unpacked, what looks for that is linked again for where it is installed.
BUILT     = $B$(if $(V8_DIR),/installed)
v8_beside = $(filter-out -L% -Wl$(comma)-rpath%,$(V8_LIBS)) -L$(V8_DIR) '-Wl,-rpath,$$ORIGIN/$1' $(UV_LIBS) -lstdc++
$B/installed/libcdpkit-v8.so: LIBS_V8 = $(call v8_beside,cdpkit)
$B/installed/cdp: LIBS_V8 = $(call v8_beside,$(shell realpath -sm --relative-to='$(BINDIR)' '$(LIBDIR)/cdpkit'))
$B/installed/cdp: FORCE # these folders may be others than last time

install: $(ARCHIVES) $(SHARED) $(CLI) $(sort $(SHARED:$B/libcdpkit-v8%=$(BUILT)/libcdpkit-v8%) $(CLI:$B/%=$(BUILT)/%))
install uninstall:
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' BINDIR='$(BINDIR)' LIBDIR='$(LIBDIR)' INCLUDEDIR='$(INCLUDEDIR)' DATADIR='$(DATADIR)' \
	    B='$B' BUILT='$(BUILT)' LIBRARIES='$(notdir $(basename $(ARCHIVES)))' CDP='$(CLI)' V8_DIR='$(V8_DIR)' \
	    HEADERS='$(HEADERS) $(wildcard $G/include/cdp/*.h)' PROTOCOL_FILES='$(wildcard protocol_json/*.json) protocol_json/REVISION $(PROTOCOL)' CONTENT='$(CONTENT)' \
	    VERSION='$(RELEASE)' REVISION='$(REVISION)' SOVERSION='$(SOVERSION)' LIBS='$(LIBS)' UV_LIBS='$(UV_LIBS)' V8_LIBS='$(V8_LIBS)' \
	    tools/install.sh $@
	$(if $(filter install,$@),$(tell_left_out))

clean:
	@if [ -d $B ]; then find $B -mindepth 1 -maxdepth 1 ! -name deps -exec rm -rf {} +; fi

distclean:
	rm -rf $B

help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' Makefile

FORCE:
.PHONY: all demo build-tests test test-history record-traffic tsan fuzz bench lint lint-format lint-rules lint-gcc lint-clang lint-tidy lint-cppcheck docs generate size \
        install uninstall clean distclean help FORCE
.DELETE_ON_ERROR:
.SECONDARY:
MAKEFLAGS += --no-builtin-rules

-include $(shell find $B \( -path $B/deps -o -path $B/selected \) -prune -o -name '*.d' -print 2>/dev/null)
