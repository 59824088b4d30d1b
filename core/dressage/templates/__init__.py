"""Templates of plugins: `dressage plugins new` writes a complete package from them.

The folder `files` has a folder for each kind of plugin, and `common` for all kinds. Their files are copied. Values
replace {{name}}, {{module}} and others in their texts, and NAME and MODULE in their paths. `copy` is for the
copy of a recipe.
"""

from dressage.templates.copies import Copy as Copy
from dressage.templates.copies import Scripts as Scripts
from dressage.templates.copies import files_of as files_of
from dressage.templates.creation import Created as Created
from dressage.templates.creation import choose_folder as choose_folder
from dressage.templates.creation import create_copy as create_copy
from dressage.templates.creation import create_plugin as create_plugin
from dressage.templates.creation import write_folder as write_folder
from dressage.templates.naming import KINDS as KINDS
from dressage.templates.naming import names_of as names_of
from dressage.templates.originals import find_original as find_original
