//! Bytes to instances. Instances are made without running `__init__`: every attribute is set here.

use super::error::DecodeError;
use super::program::{
    DefaultValue, FieldProgram, Kind, MAX_ELEMENTS, Operation, Program, StructProgram,
};
use pybroker_wire::{Reader, WireError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyFloat, PyInt, PyList, PyString};

type DecodeResult<T> = Result<T, DecodeError>;

/// Reads a message that fills `body`.
pub(super) fn decode<'py>(
    py: Python<'py>,
    program: &Program,
    body: &[u8],
) -> PyResult<Bound<'py, PyAny>> {
    let mut decoder = Decoder::new(py, program, body);
    decoder
        .read_struct(program.message())
        .and_then(|message| {
            decoder.reader.finish()?;
            Ok(message)
        })
        .map_err(|error| error.into_exception(py, program))
}

/// Reads a message that `body` begins with.
pub(super) fn decode_prefix<'py>(
    py: Python<'py>,
    program: &Program,
    body: &[u8],
) -> PyResult<Bound<'py, PyAny>> {
    Decoder::new(py, program, body)
        .read_struct(program.message())
        .map_err(|error| error.into_exception(py, program))
}

struct Decoder<'a, 'py> {
    py: Python<'py>,
    program: &'a Program,
    bytes: &'a [u8],
    reader: Reader<'a>,
    elements_left: usize,
}

impl<'a, 'py> Decoder<'a, 'py> {
    fn new(py: Python<'py>, program: &'a Program, bytes: &'a [u8]) -> Self {
        Self { py, program, bytes, reader: Reader::new(bytes), elements_left: MAX_ELEMENTS }
    }

    fn read_struct(&mut self, program: &StructProgram) -> DecodeResult<Bound<'py, PyAny>> {
        let instance = new_instance(self.py, program)?;
        for field in &program.fields {
            self.read_field(program, field, &instance)?;
        }
        if program.flexible {
            self.read_tagged_fields(program, &instance)?;
        }
        for absent in &program.absent {
            instance.setattr(absent.name.bind(self.py), absent.default.make(self.py)?)?;
        }
        Ok(instance)
    }

    #[inline]
    fn read_field(
        &mut self,
        program: &StructProgram,
        field: &FieldProgram,
        instance: &Bound<'py, PyAny>,
    ) -> DecodeResult<()> {
        let value =
            self.read(field.operation).map_err(|error| error.inside(program, &field.name))?;
        Ok(instance.setattr(field.name.bind(self.py), value)?)
    }

    fn read_tagged_fields(
        &mut self,
        program: &StructProgram,
        instance: &Bound<'py, PyAny>,
    ) -> DecodeResult<()> {
        let mut seen = 0_u64;
        for _ in 0..self.reader.read_unsigned_varint()? {
            let tag = self.reader.read_unsigned_varint()?;
            let size = self.reader.read_unsigned_varint()? as usize;
            let content = self.reader.take(size)?;
            let Some(index) = program.tagged.iter().position(|known| known.tag == tag) else {
                continue;
            };
            let mut decoder = Decoder::new(self.py, self.program, content);
            decoder.elements_left = self.elements_left;
            decoder.read_field(program, &program.tagged[index].field, instance)?;
            self.elements_left = decoder.elements_left;
            if decoder.reader.remaining() > 0 {
                return Err(WireError::TaggedFieldSize(tag).into());
            }
            seen |= 1 << index;
        }
        for (index, tagged) in program.tagged.iter().enumerate() {
            if seen & (1 << index) == 0 {
                instance.setattr(tagged.field.name.bind(self.py), tagged.default.make(self.py)?)?;
            }
        }
        Ok(())
    }

    #[inline]
    fn read(&mut self, operation: Operation) -> DecodeResult<Bound<'py, PyAny>> {
        match operation {
            Operation::One { kind, nullable } => match self.read_nullable(kind, nullable)? {
                Some(value) => Ok(value),
                None if nullable => Ok(self.py.None().into_bound(self.py)),
                None => Err(WireError::UnexpectedNull.into()),
            },
            Operation::Array { element, nullable, encoding, min_element_bytes } => {
                match self.reader.read_nullable_array_length(encoding, min_element_bytes)? {
                    Some(count) => self.read_elements(element, count),
                    None if nullable => Ok(self.py.None().into_bound(self.py)),
                    None => Err(WireError::UnexpectedNull.into()),
                }
            }
        }
    }

    /// The list grows with what is read: `count` is only what the bytes claim, and could hold.
    fn read_elements(&mut self, element: Kind, count: usize) -> DecodeResult<Bound<'py, PyAny>> {
        let left = self.elements_left.checked_sub(count);
        self.elements_left = left.ok_or(DecodeError::TooManyElements)?;
        let elements = PyList::empty(self.py);
        for _ in 0..count {
            let value = self.read_nullable(element, false)?.ok_or(WireError::UnexpectedNull)?;
            elements.append(value)?;
        }
        Ok(elements.into_any())
    }

    /// A value, or nothing where the bytes say null.
    #[inline]
    fn read_nullable(
        &mut self,
        kind: Kind,
        nullable: bool,
    ) -> DecodeResult<Option<Bound<'py, PyAny>>> {
        let py = self.py;
        let reader = &mut self.reader;
        let integer = match kind {
            Kind::Int8 => i64::from(reader.read_i8()?),
            Kind::Int16 => i64::from(reader.read_i16()?),
            Kind::UInt16 => i64::from(reader.read_i16()? as u16),
            Kind::Int32 => i64::from(reader.read_i32()?),
            Kind::UInt32 => i64::from(reader.read_u32()?),
            Kind::Int64 => reader.read_i64()?,
            Kind::Bool => {
                return Ok(Some(PyBool::new(py, reader.read_bool()?).to_owned().into_any()));
            }
            Kind::Float64 => {
                let bits = reader.read_i64()? as u64;
                return Ok(Some(PyFloat::new(py, f64::from_bits(bits)).into_any()));
            }
            Kind::Uuid => return Ok(Some(PyBytes::new(py, reader.take(16)?).into_any())),
            Kind::String(encoding) => {
                let string = reader.read_nullable_string(encoding)?;
                return Ok(string.map(|string| PyString::new(py, string).into_any()));
            }
            Kind::Bytes(encoding) => {
                let bytes = reader.read_nullable_bytes(encoding)?;
                return Ok(bytes.map(|range| PyBytes::new(py, &self.bytes[range]).into_any()));
            }
            Kind::Struct(index) => {
                if nullable && reader.read_i8()? < 0 {
                    return Ok(None);
                }
                return self.read_struct(self.program.get(index)).map(Some);
            }
        };
        Ok(Some(PyInt::new(py, integer).into_any()))
    }
}

impl DefaultValue {
    fn make<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self {
            Self::Value(value) => Ok(value.bind(py).clone()),
            Self::List => Ok(PyList::empty(py).into_any()),
            Self::Struct(class) => class.bind(py).call0(),
        }
    }
}

/// An instance whose attributes are not set yet.
fn new_instance<'py>(py: Python<'py>, program: &StructProgram) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: `Program::compile` took only classes of `StructType`, which are Python classes over `object` with slots;
    // `PyType_GenericAlloc` is their allocator and gives a new reference, or null with an exception set.
    unsafe {
        let class = program.class.bind(py).as_type_ptr();
        Bound::from_owned_ptr_or_err(py, ffi::PyType_GenericAlloc(class, 0))
    }
}
