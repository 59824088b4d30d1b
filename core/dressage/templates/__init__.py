"""Templates of plugins: `dressage plugins new` writes a complete package from them.

The folder `files` has a folder for each kind of plugin, and `common` for all kinds. Their files are copied. Values
replace {{name}}, {{module}} and others in their texts, and NAME and MODULE in their paths.
"""

from dressage.templates.creation import Created as Created
from dressage.templates.creation import create_plugin as create_plugin
from dressage.templates.naming import KINDS as KINDS
