//! A declaration compiled for one version: for each struct the operations that read or write its fields, in order.
//!
//! Everything that depends on the version is decided here, so that reading and writing only follow the operations.

use pybroker_wire::primitives::Encoding;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyString, PyTuple, PyType};

/// Structs inside structs. Kafka's deepest message has five.
const MAX_DEPTH: usize = 16;
/// Array elements of one message, all arrays together. An element of one byte becomes an object of a hundred, so the
/// size of the frame alone would not bound what reading it takes.
pub(super) const MAX_ELEMENTS: usize = 1 << 20;
/// Tagged fields of one struct: those seen while reading are bits of a `u64`.
const MAX_TAGGED_FIELDS: usize = 64;

/// A message in one version.
#[derive(Debug)]
pub(super) struct Program {
    /// The version.
    pub(super) version: i16,
    /// All structs; the last is the message.
    structs: Vec<StructProgram>,
}

/// A struct in one version.
#[derive(Debug)]
pub(super) struct StructProgram {
    /// The class, whose instances are read and written.
    pub(super) class: Py<PyType>,
    /// The class's qualified name.
    pub(super) name: String,
    /// Fields in the order of the wire.
    pub(super) fields: Vec<FieldProgram>,
    /// Tagged fields, by tag.
    pub(super) tagged: Vec<TaggedField>,
    /// Fields that the version does not have.
    pub(super) absent: Vec<AbsentField>,
    /// Whether tagged fields follow.
    pub(super) flexible: bool,
    /// Bytes that the struct takes at least.
    min_bytes: usize,
}

/// A field in one version.
#[derive(Debug)]
pub(super) struct FieldProgram {
    /// The attribute, interned.
    pub(super) name: Py<PyString>,
    /// How to read and write it.
    pub(super) operation: Operation,
}

/// A field that is written only when it differs from its default.
#[derive(Debug)]
pub(super) struct TaggedField {
    /// The tag.
    pub(super) tag: u32,
    /// The field.
    pub(super) field: FieldProgram,
    /// What it is when it is left out.
    pub(super) default: DefaultValue,
}

/// A field that the version does not have.
#[derive(Debug)]
pub(super) struct AbsentField {
    /// The attribute, interned.
    pub(super) name: Py<PyString>,
    /// What it is when read, and must be when written.
    pub(super) default: DefaultValue,
    /// Whether another value may be dropped.
    pub(super) ignorable: bool,
}

/// A default.
#[derive(Debug)]
pub(super) enum DefaultValue {
    /// An immutable value.
    Value(Py<PyAny>),
    /// A new list.
    List,
    /// A new struct.
    Struct(Py<PyType>),
}

/// How to read and write one field.
#[derive(Debug, Clone, Copy)]
pub(super) enum Operation {
    /// One value.
    One { kind: Kind, nullable: bool },
    /// An array of values, each of which takes `min_element_bytes` at least.
    Array { element: Kind, nullable: bool, encoding: Encoding, min_element_bytes: usize },
}

/// A value's type.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Bool,
    Int8,
    Int16,
    UInt16,
    Int32,
    UInt32,
    Int64,
    Float64,
    Uuid,
    String(Encoding),
    Bytes(Encoding),
    /// The index of a struct.
    Struct(usize),
}

impl Program {
    /// Compiles a message class.
    pub(super) fn compile(message: &Bound<'_, PyType>, version: i16) -> PyResult<Self> {
        if !contains(&message.getattr("VERSIONS")?, version)? {
            let name = message.qualname()?;
            return Err(PyValueError::new_err(format!("{name} has no version {version}")));
        }
        let flexible = message.getattr("FLEXIBLE")?;
        let flexible = !flexible.is_none() && contains(&flexible, version)?;
        let encoding = if flexible { Encoding::Compact } else { Encoding::Classic };
        let mut compiler = Compiler { version, encoding, structs: Vec::new() };
        compiler.compile_struct(message, 0)?;
        Ok(Self { version, structs: compiler.structs })
    }

    /// A struct by its index.
    #[inline]
    pub(super) fn get(&self, index: usize) -> &StructProgram {
        &self.structs[index]
    }

    /// The message.
    #[inline]
    pub(super) fn message(&self) -> &StructProgram {
        &self.structs[self.structs.len() - 1]
    }

    /// The message's name.
    pub(super) fn name(&self) -> &str {
        &self.message().name
    }
}

struct Compiler {
    version: i16,
    encoding: Encoding,
    structs: Vec<StructProgram>,
}

impl Compiler {
    /// Compiles a struct behind the ones that it holds, and gives its index.
    fn compile_struct(&mut self, class: &Bound<'_, PyType>, depth: usize) -> PyResult<usize> {
        if let Some(index) = self.structs.iter().position(|known| known.class.is(class)) {
            return Ok(index);
        }
        let name = class.qualname()?.to_string();
        if !is_declared(class)? {
            return Err(PyTypeError::new_err(format!("{name} is not a declared struct")));
        }
        if depth > MAX_DEPTH {
            return Err(PyValueError::new_err(format!("{name} contains itself")));
        }
        let mut program = StructProgram {
            class: class.clone().unbind(),
            name,
            fields: Vec::new(),
            tagged: Vec::new(),
            absent: Vec::new(),
            flexible: self.encoding == Encoding::Compact,
            min_bytes: usize::from(self.encoding == Encoding::Compact),
        };
        for field in fields_of(class)? {
            self.compile_field(&Declared(field), &mut program, depth)?;
        }
        program.tagged.sort_by_key(|tagged| tagged.tag);
        if program.tagged.len() > MAX_TAGGED_FIELDS {
            return Err(PyValueError::new_err(format!("{}: too many tags", program.name)));
        }
        self.structs.push(program);
        Ok(self.structs.len() - 1)
    }

    fn compile_field(
        &mut self,
        declared: &Declared<'_>,
        program: &mut StructProgram,
        depth: usize,
    ) -> PyResult<()> {
        let name = declared.name()?;
        let default = declared.default()?;
        if !contains(&declared.get("versions")?, self.version)? {
            let ignorable = declared.get("ignorable")?.is_truthy()?;
            program.absent.push(AbsentField { name, default, ignorable });
            return Ok(());
        }
        let operation = self.operation(declared, depth)?;
        let field = FieldProgram { name, operation };
        let tag = declared.get("tag")?;
        if tag.is_none() {
            program.min_bytes += self.min_bytes_of(operation);
            program.fields.push(field);
        } else {
            let tag = tag.extract()?;
            program.tagged.push(TaggedField { tag, field, default });
        }
        Ok(())
    }

    fn operation(&mut self, declared: &Declared<'_>, depth: usize) -> PyResult<Operation> {
        let nullable = declared.get("nullable")?;
        let nullable = !nullable.is_none() && contains(&nullable, self.version)?;
        let kind = self.kind(declared, depth)?;
        if !declared.get("is_array")?.is_truthy()? {
            return Ok(Operation::One { kind, nullable });
        }
        let min_element_bytes = self.min_bytes_of(Operation::One { kind, nullable: false });
        if min_element_bytes == 0 {
            // Its length could not be held against the bytes that are left.
            let name = declared.name()?;
            return Err(PyValueError::new_err(format!("an element of {name} takes no bytes")));
        }
        Ok(Operation::Array { element: kind, nullable, encoding: self.encoding, min_element_bytes })
    }

    fn kind(&mut self, declared: &Declared<'_>, depth: usize) -> PyResult<Kind> {
        let compact = declared.get("compact")?.is_truthy()?;
        let encoding = if compact { self.encoding } else { Encoding::Classic };
        let kind = declared.get("kind")?;
        Ok(match kind.extract::<&str>()? {
            "bool" => Kind::Bool,
            "int8" => Kind::Int8,
            "int16" => Kind::Int16,
            "uint16" => Kind::UInt16,
            "int32" => Kind::Int32,
            "uint32" => Kind::UInt32,
            "int64" => Kind::Int64,
            "float64" => Kind::Float64,
            "uuid" => Kind::Uuid,
            "string" => Kind::String(encoding),
            "bytes" => Kind::Bytes(encoding),
            "struct" => {
                let class = declared.get("struct")?.cast_into::<PyType>()?;
                Kind::Struct(self.compile_struct(&class, depth + 1)?)
            }
            other => return Err(PyValueError::new_err(format!("unknown kind {other}"))),
        })
    }

    fn min_bytes_of(&self, operation: Operation) -> usize {
        match operation {
            Operation::Array { encoding: Encoding::Compact, .. } => 1,
            Operation::Array { .. } => 4,
            Operation::One { kind, nullable } => match kind {
                Kind::Bool | Kind::Int8 => 1,
                Kind::String(encoding) => {
                    if encoding == Encoding::Compact {
                        1
                    } else {
                        2
                    }
                }
                Kind::Bytes(encoding) => {
                    if encoding == Encoding::Compact {
                        1
                    } else {
                        4
                    }
                }
                Kind::Int16 | Kind::UInt16 => 2,
                Kind::Int32 | Kind::UInt32 => 4,
                Kind::Int64 | Kind::Float64 => 8,
                Kind::Uuid => 16,
                Kind::Struct(_) if nullable => 1,
                Kind::Struct(index) => self.structs[index].min_bytes,
            },
        }
    }
}

/// A `FieldType` of `pybroker/protocol/declare.py`.
struct Declared<'py>(Bound<'py, PyAny>);

impl<'py> Declared<'py> {
    fn get(&self, attribute: &str) -> PyResult<Bound<'py, PyAny>> {
        self.0.getattr(attribute)
    }

    fn name(&self) -> PyResult<Py<PyString>> {
        let name = self.get("name")?;
        Ok(PyString::intern(self.0.py(), name.extract()?).unbind())
    }

    fn default(&self) -> PyResult<DefaultValue> {
        static EMPTY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let default = self.get("default")?;
        if !default.is(EMPTY.import(self.0.py(), "pybroker.protocol.declare", "EMPTY")?) {
            return Ok(DefaultValue::Value(default.unbind()));
        }
        if self.get("is_array")?.is_truthy()? {
            return Ok(DefaultValue::List);
        }
        Ok(DefaultValue::Struct(self.get("struct")?.cast_into::<PyType>()?.unbind()))
    }
}

fn fields_of<'py>(class: &Bound<'py, PyType>) -> PyResult<Vec<Bound<'py, PyAny>>> {
    static FIELDS_OF: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let function = FIELDS_OF.import(class.py(), "pybroker.protocol.declare", "fields_of")?;
    Ok(function.call1((class,))?.cast_into::<PyTuple>()?.iter().collect())
}

/// Whether `StructType` made the class, which is what makes its instances plain slots.
fn is_declared(class: &Bound<'_, PyType>) -> PyResult<bool> {
    static STRUCT_TYPE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let py = class.py();
    let struct_type = STRUCT_TYPE.import(py, "pybroker.protocol.declare", "StructType")?;
    Ok(class.get_type().is(struct_type))
}

/// Whether a `Versions` holds a version.
fn contains(versions: &Bound<'_, PyAny>, version: i16) -> PyResult<bool> {
    let (first, last): (i16, i16) = versions.extract()?;
    Ok((first..=last).contains(&version))
}
