# `make demo` and `make test` each work on a fresh clone: they create .venv and install what they need.
PY := .venv/bin/python
WORKERS ?= 2
.PHONY: demo test soak lint docs docs-pictures docs-chinese notebooks bench clean

INSTALL := -m uv pip install --quiet --compile-bytecode --python $(PY) --constraint constraints.txt

.venv/.made: constraints.txt
	python3 -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt uv
	touch $@

# What the demo takes: no PyTorch.
.venv/.demo: .venv/.made pyproject.toml
	$(PY) $(INSTALL) --editable '.[plot]' scikit-learn
	touch $@

.venv/.installed: .venv/.made pyproject.toml
	$(PY) $(INSTALL) --editable '.[torch,plot,clean,search,notebook,docs,dev]'
	touch $@ .venv/.demo .venv/.docs

# What the documentation takes: no PyTorch.
.venv/.docs: .venv/.made pyproject.toml
	$(PY) $(INSTALL) --editable '.[docs]'
	touch $@

demo: .venv/.demo
	$(PY) -m whatsit demo

lint: .venv/.installed
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	$(PY) -m tests.house
	$(PY) -m pytest tests/test_imports.py

test: lint
	OMP_NUM_THREADS=1 WHATSIT_THREADS=1 $(PY) -m pytest -n $(WORKERS) -m "not soak"

# All of the campaigns, and then all tests in three other orders.
soak: lint
	WHATSIT_SOAK=1 OMP_NUM_THREADS=1 WHATSIT_THREADS=1 $(PY) -m pytest -n $(WORKERS) -o faulthandler_timeout=3600
	for seed in 1 2 3; do OMP_NUM_THREADS=1 WHATSIT_THREADS=1 $(PY) -m pytest -n $(WORKERS) -m "not soak" \
		--random-order-bucket=module --random-order-seed=$$seed || exit 1; done

docs: .venv/.docs
	$(PY) -m sphinx -W --keep-going -q -b html docs build/docs
	$(PY) -m sphinx -W --keep-going -q -b html -D language=zh_CN docs build/docs/zh
	@echo build/docs/index.html build/docs/zh/index.html

# After a change of the English text: lists what has to be translated in docs/locale.
docs-chinese: .venv/.docs
	$(PY) -m tests.chinese

# The tutorial's outputs and pictures in both languages anew, after a change of what commands print or pages show;
# then as `docs-chinese`.
docs-pictures: .venv/.installed
	$(PY) -m tests.tutorial
	$(PY) -m tests.tutorial_chinese
	$(PY) -m tests.chinese

# The outputs of the notebooks anew, in both languages; it takes some minutes.
notebooks: .venv/.installed
	$(PY) -m tests.notebooks

bench: .venv/.installed
	for name in features bound startup catalog collect train_frozen heads sizes fine_tune fine_tuning lesson_resnet34 find_rates defaults false_alarms understand clean correct near_duplicates picture_faults review_page teach_page serve serve_overload; do $(PY) -m benchmarks.$$name || exit 1; done

clean:
	rm -rf .venv demo build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
