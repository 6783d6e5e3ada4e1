//! Reading values strictly: what serde's own reading lets pass (arrays for structs, duplicate keys, numbers that a double
//! cannot hold exactly, any depth and any length) is refused.

use std::{fmt, marker::PhantomData};

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::limits;

type Object = Map<String, Value>;

/// A struct that is read from a JSON object only; serde's own reading of structs also takes arrays.
#[derive(Debug)]
pub struct Strict<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Strict<T> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct InObject<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for InObject<T> {
            type Value = Strict<T>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Strict<T>, A::Error> {
                T::deserialize(de::value::MapAccessDeserializer::new(map)).map(Strict)
            }
        }
        input.deserialize_map(InObject(PhantomData))
    }
}

/// An object, or null.
pub fn section<'de, D: Deserializer<'de>, T: Deserialize<'de>>(input: D) -> Result<Option<T>, D::Error> {
    Ok(Option::<Strict<T>>::deserialize(input)?.map(|Strict(section)| section))
}

/// An object.
pub fn required<'de, D: Deserializer<'de>, T: Deserialize<'de>>(input: D) -> Result<T, D::Error> {
    Strict::deserialize(input).map(|Strict(object)| object)
}

/// A list of objects.
pub fn objects<'de, D: Deserializer<'de>, T: Deserialize<'de>>(input: D) -> Result<Vec<T>, D::Error> {
    let list: Vec<Strict<T>> = Vec::deserialize(input)?;
    Ok(list.into_iter().map(|Strict(object)| object).collect())
}

/// At most `MAX` objects, or null.
pub(crate) fn sections<'de, const MAX: usize, D, T>(input: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let list: List<Strict<T>, MAX> = Option::deserialize(input)?.unwrap_or_default();
    Ok(list.0.into_iter().map(|Strict(section)| section).collect())
}

/// At most `MAX` strings, or null.
pub(crate) fn texts<'de, const MAX: usize, D: Deserializer<'de>>(input: D) -> Result<Vec<String>, D::Error> {
    let list: List<String, MAX> = Option::deserialize(input)?.unwrap_or_default();
    Ok(list.0)
}

struct List<T, const MAX: usize>(Vec<T>);

impl<T, const MAX: usize> Default for List<T, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for List<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Bounded<T, const MAX: usize>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for Bounded<T, MAX> {
            type Value = List<T, MAX>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, "a list of at most {MAX} entries")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<List<T, MAX>, A::Error> {
                let mut list = Vec::new();
                while let Some(entry) = seq.next_element()? {
                    if list.len() == MAX {
                        return Err(de::Error::custom(format_args!("has more than {MAX} entries")));
                    }
                    list.push(entry);
                }
                Ok(List(list))
            }
        }
        input.deserialize_seq(Bounded(PhantomData))
    }
}

/// A word of a closed list, or null.
pub(crate) fn word<'de, D: Deserializer<'de>, T: Word>(input: D) -> Result<Option<T>, D::Error> {
    let Some(text) = Option::<std::borrow::Cow<'de, str>>::deserialize(input)? else { return Ok(None) };
    T::read(&text).map(Some).ok_or_else(|| de::Error::unknown_variant(&text, T::WORDS))
}

/// A closed list of words.
pub(crate) trait Word: Sized {
    /// All of them.
    const WORDS: &'static [&'static str];

    /// The meaning of one.
    fn read(word: &str) -> Option<Self>;
}

/// Free data of at most `LEVELS` levels, or null.
pub(crate) fn object<'de, const LEVELS: usize, D: Deserializer<'de>>(input: D) -> Result<Object, D::Error> {
    struct FreeObject(Free);
    impl<'de> Visitor<'de> for FreeObject {
        type Value = Object;

        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("an object")
        }

        fn visit_unit<E>(self) -> Result<Object, E> {
            Ok(Object::new())
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object, A::Error> {
            self.0.object(map)
        }
    }
    input.deserialize_any(FreeObject(Free { levels_left: LEVELS, key_fault: None }))
}

/// Reads one value of free data.
struct Free {
    levels_left: usize,
    /// What is wrong with the key that the value stands under. Reported here, where the path includes it.
    key_fault: Option<&'static str>,
}

/// Levels beyond the limit.
pub(crate) const TOO_DEEP: &str = "is nested too deep; flatten it";
/// U+0000 ends a string for too many programs downstream.
pub(crate) const NUL: &str = "contains a NUL character (\\u0000); take it out";

impl Free {
    fn inner<E: de::Error>(&self) -> Result<usize, E> {
        self.levels_left.checked_sub(1).ok_or_else(|| E::custom(TOO_DEEP))
    }

    fn object<'de, A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
        let levels_left = self.inner()?;
        let mut object = Object::new();
        while let Some(key) = map.next_key::<String>()? {
            let key_fault = if object.contains_key(&key) {
                Some("stands twice")
            } else if key.contains('\0') {
                Some("has a key that contains a NUL character (\\u0000)")
            } else {
                None
            };
            let value = map.next_value_seed(Self { levels_left, key_fault })?;
            object.insert(key, value);
        }
        Ok(object)
    }
}

impl<'de> DeserializeSeed<'de> for Free {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Value, D::Error> {
        match self.key_fault {
            Some(fault) => Err(de::Error::custom(fault)),
            None => input.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Free {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        if value > limits::INTEGER_MAX { Err(E::custom(INEXACT)) } else { Ok(value.into()) }
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        if value.unsigned_abs() > limits::INTEGER_MAX { Err(E::custom(INEXACT)) } else { Ok(value.into()) }
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        exact_number(value).ok_or_else(|| E::custom(INEXACT))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        self.visit_string(value.to_owned())
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Value, E> {
        if value.contains('\0') { Err(E::custom(NUL)) } else { Ok(Value::String(value)) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let levels_left = self.inner()?;
        let mut list = Vec::new();
        while let Some(value) = seq.next_element_seed(Self { levels_left, key_fault: None })? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
        self.object(map).map(Value::Object)
    }
}

/// A number that canonical JSON could not give back as it was written.
pub(crate) const INEXACT: &str =
    "is a number beyond 9007199254740991 (2^53 - 1), which not every reader holds exactly; write it as a string";

/// A whole number becomes an integer, so that `1.0`, `1e0` and `1` are the same value, as they are the same
/// canonical bytes. Beyond 2^53 a double no longer tells which integer was written.
fn exact_number(value: f64) -> Option<Value> {
    if value.is_nan() || value.abs() > limits::INTEGER_MAX as f64 {
        None
    } else if value.fract() == 0.0 {
        Some((value as i64).into())
    } else {
        Some(value.into())
    }
}
