//! Instances to bytes.

use super::error::does_not_fit;
use super::program::{DefaultValue, FieldProgram, Kind, Operation, Program, StructProgram};
use pybroker_wire::Writer;
use pybroker_wire::primitives::Encoding;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString, PyTuple, PyType};

/// Bytes that a buffer starts with; most answers fit.
const INITIAL_CAPACITY: usize = 256;
/// Bytes of the longest string with a classic length.
const CLASSIC_STRING_MAX_BYTES: usize = i16::MAX as usize;
/// Bytes of the longest value with a length of 32 bits, and elements of the longest array.
const MAX_LENGTH: usize = i32::MAX as usize - 1;

/// Writes a message.
pub(super) fn encode<'py>(
    program: &Program,
    message: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let mut bytes = Vec::with_capacity(INITIAL_CAPACITY);
    let root = program.message();
    if !message.get_type().is(&root.class) {
        let found = message.get_type().qualname()?;
        return Err(PyValueError::new_err(format!("{}: not a {found}", root.name)));
    }
    Encoder { program, writer: Writer::new(&mut bytes) }.write_struct(root, message)?;
    Ok(PyBytes::new(message.py(), &bytes))
}

struct Encoder<'a, 'w> {
    program: &'a Program,
    writer: Writer<'w>,
}

/// Why a value does not fit; the field's name is added where it is known.
enum Misfit {
    Value(&'static str),
    Python(PyErr),
}

impl From<PyErr> for Misfit {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

impl Misfit {
    #[cold]
    fn inside(self, program: &StructProgram, field: &Py<PyString>) -> PyErr {
        match self {
            Self::Value(why) => does_not_fit(program, field, why),
            Self::Python(error) => error,
        }
    }
}

impl Encoder<'_, '_> {
    fn write_struct(
        &mut self,
        program: &StructProgram,
        instance: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let py = instance.py();
        for absent in &program.absent {
            if !absent.ignorable
                && !absent.default.equals(&instance.getattr(absent.name.bind(py))?)?
            {
                let why = format!("version {} has no such field", self.program.version);
                return Err(does_not_fit(program, &absent.name, &why));
            }
        }
        for field in &program.fields {
            let value = instance.getattr(field.name.bind(py))?;
            self.write_field(program, field, &value)?;
        }
        if program.flexible {
            self.write_tagged_fields(program, instance)?;
        }
        Ok(())
    }

    #[inline]
    fn write_field(
        &mut self,
        program: &StructProgram,
        field: &FieldProgram,
        value: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        self.write(field.operation, value).map_err(|misfit| misfit.inside(program, &field.name))
    }

    fn write_tagged_fields(
        &mut self,
        program: &StructProgram,
        instance: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let py = instance.py();
        let mut present = Vec::new();
        for tagged in &program.tagged {
            let value = instance.getattr(tagged.field.name.bind(py))?;
            if !tagged.default.equals(&value)? {
                present.push((tagged, value));
            }
        }
        self.writer.write_unsigned_varint(present.len() as u32);
        for (tagged, value) in present {
            let mut content = Vec::new();
            Encoder { program: self.program, writer: Writer::new(&mut content) }.write_field(
                program,
                &tagged.field,
                &value,
            )?;
            self.writer.write_unsigned_varint(tagged.tag);
            self.writer.write_unsigned_varint(content.len() as u32);
            self.writer.write_raw(&content);
        }
        Ok(())
    }

    #[inline]
    fn write(&mut self, operation: Operation, value: &Bound<'_, PyAny>) -> Result<(), Misfit> {
        match operation {
            Operation::One { kind, nullable } if value.is_none() => self.write_null(kind, nullable),
            Operation::One { kind, nullable } => self.write_one(kind, nullable, value),
            Operation::Array { nullable, encoding, .. } if value.is_none() => {
                if !nullable {
                    return Err(NOT_NULLABLE);
                }
                self.writer.write_array_length(encoding, None);
                Ok(())
            }
            Operation::Array { element, encoding, .. } => {
                if let Ok(list) = value.cast::<PyList>() {
                    self.write_elements(element, encoding, list.len(), list.iter())
                } else if let Ok(tuple) = value.cast::<PyTuple>() {
                    self.write_elements(element, encoding, tuple.len(), tuple.iter())
                } else {
                    Err(Misfit::Value("not a list"))
                }
            }
        }
    }

    fn write_elements<'py>(
        &mut self,
        element: Kind,
        encoding: Encoding,
        count: usize,
        elements: impl Iterator<Item = Bound<'py, PyAny>>,
    ) -> Result<(), Misfit> {
        if count > MAX_LENGTH {
            return Err(Misfit::Value("too many elements"));
        }
        self.writer.write_array_length(encoding, Some(count));
        let mut written = 0;
        for value in elements {
            self.write_one(element, false, &value)?;
            written += 1;
        }
        if written != count {
            return Err(Misfit::Value("changed while it was written"));
        }
        Ok(())
    }

    fn write_null(&mut self, kind: Kind, nullable: bool) -> Result<(), Misfit> {
        match kind {
            _ if !nullable => return Err(NOT_NULLABLE),
            Kind::String(encoding) => self.writer.write_nullable_string(encoding, None),
            Kind::Bytes(encoding) => self.writer.write_bytes_length(encoding, None),
            Kind::Struct(_) => self.writer.write_i8(-1),
            _ => return Err(NOT_NULLABLE),
        }
        Ok(())
    }

    #[inline]
    fn write_one(
        &mut self,
        kind: Kind,
        nullable: bool,
        value: &Bound<'_, PyAny>,
    ) -> Result<(), Misfit> {
        match kind {
            Kind::Bool => self.writer.write_bool(value.is_truthy()?),
            Kind::Int8 => self.writer.write_i8(integer(value)?),
            Kind::Int16 => self.writer.write_i16(integer(value)?),
            Kind::UInt16 => self.writer.write_i16(integer::<u16>(value)? as i16),
            Kind::Int32 => self.writer.write_i32(integer(value)?),
            Kind::UInt32 => self.writer.write_u32(integer(value)?),
            Kind::Int64 => self.writer.write_i64(integer(value)?),
            Kind::Float64 => {
                let Ok(number) = value.extract::<f64>() else {
                    return Err(Misfit::Value("not a number"));
                };
                self.writer.write_i64(number.to_bits() as i64);
            }
            Kind::Uuid => match value.cast::<PyBytes>() {
                Ok(uuid) if uuid.as_bytes().len() == 16 => self.writer.write_raw(uuid.as_bytes()),
                _ => return Err(Misfit::Value("not 16 bytes")),
            },
            Kind::String(encoding) => self.write_string(encoding, value)?,
            Kind::Bytes(encoding) => {
                let Ok(bytes) = value.cast::<PyBytes>() else {
                    return Err(Misfit::Value("not bytes"));
                };
                let bytes = bytes.as_bytes();
                if bytes.len() > MAX_LENGTH {
                    return Err(Misfit::Value("too long"));
                }
                self.writer.write_bytes_length(encoding, Some(bytes.len()));
                self.writer.write_raw(bytes);
            }
            Kind::Struct(index) => {
                let program = self.program.get(index);
                if !value.get_type().is(&program.class) {
                    return Err(Misfit::Value("not of the declared class"));
                }
                if nullable {
                    self.writer.write_i8(1);
                }
                self.write_struct(program, value)?;
            }
        }
        Ok(())
    }

    fn write_string(&mut self, encoding: Encoding, value: &Bound<'_, PyAny>) -> Result<(), Misfit> {
        let Ok(string) = value.cast::<PyString>() else {
            return Err(Misfit::Value("not a string"));
        };
        let Ok(string) = string.to_str() else {
            return Err(Misfit::Value("has no UTF-8 form"));
        };
        let limit = match encoding {
            Encoding::Classic => CLASSIC_STRING_MAX_BYTES,
            Encoding::Compact => MAX_LENGTH,
        };
        if string.len() > limit {
            return Err(Misfit::Value("too long"));
        }
        self.writer.write_string(encoding, string);
        Ok(())
    }
}

const NOT_NULLABLE: Misfit = Misfit::Value("None where the version has no null");

/// An integer of the width that the field has.
#[inline]
fn integer<T: TryFrom<i64>>(value: &Bound<'_, PyAny>) -> Result<T, Misfit> {
    let Ok(wide) = value.extract::<i64>() else {
        return Err(Misfit::Value("not an integer of 64 bits"));
    };
    T::try_from(wide).map_err(|_| Misfit::Value("an integer out of range"))
}

impl DefaultValue {
    /// Whether a value says no more than the default.
    fn equals(&self, value: &Bound<'_, PyAny>) -> PyResult<bool> {
        let py = value.py();
        match self {
            Self::Value(default) => Ok(value.is(default) || value.eq(default.bind(py))?),
            Self::List => match value.cast::<PyList>() {
                Ok(list) => Ok(list.is_empty()),
                Err(_) => Ok(value.eq(PyTuple::empty(py))?),
            },
            Self::Struct(class) => {
                let class: &Bound<'_, PyType> = class.bind(py);
                value.eq(class.call0()?)
            }
        }
    }
}
