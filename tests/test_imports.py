"""No circles between files through the file of a package, which `make lint` does not see."""

import grimp


def test_no_file_imports_the_package_that_imports_it() -> None:
    graph = grimp.build_graph("whatsit", cache_dir=None)
    circles = [
        f"{module} -> {package}"
        for module in graph.modules
        for package in graph.find_modules_directly_imported_by(module)
        if module.startswith(f"{package}.") and graph.chain_exists(importer=package, imported=module)
    ]
    assert circles == []
