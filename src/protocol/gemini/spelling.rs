//! Fields under two names: `inlineData` as documented, or `inline_data`, which Google also accepts
//! and many examples use.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::protocol::codec::ReadError;
use crate::protocol::object::Object;

/// The methods of [`Object`], each for a field with two names.
pub(super) trait EitherName<'a> {
    fn raw_either(&mut self, camel: &str, snake: &str) -> Option<&'a RawValue>;

    fn take_either<T: Deserialize<'a>>(
        &mut self,
        camel: &str,
        snake: &str,
    ) -> Result<Option<T>, ReadError>;

    fn with_either<T>(
        &mut self,
        camel: &str,
        snake: &str,
        read: impl FnMut(Object<'a>) -> Result<T, ReadError>,
    ) -> Result<Option<T>, ReadError>;

    fn each_either<T>(
        &mut self,
        camel: &str,
        snake: &str,
        read: impl FnMut(Object<'a>) -> Result<T, ReadError>,
    ) -> Result<Vec<T>, ReadError>;
}

impl<'a> EitherName<'a> for Object<'a> {
    fn raw_either(&mut self, camel: &str, snake: &str) -> Option<&'a RawValue> {
        self.raw(camel).or_else(|| self.raw(snake))
    }

    fn take_either<T: Deserialize<'a>>(
        &mut self,
        camel: &str,
        snake: &str,
    ) -> Result<Option<T>, ReadError> {
        match self.take(camel)? {
            None => self.take(snake),
            found => Ok(found),
        }
    }

    fn with_either<T>(
        &mut self,
        camel: &str,
        snake: &str,
        mut read: impl FnMut(Object<'a>) -> Result<T, ReadError>,
    ) -> Result<Option<T>, ReadError> {
        match self.with(camel, &mut read)? {
            None => self.with(snake, read),
            found => Ok(found),
        }
    }

    fn each_either<T>(
        &mut self,
        camel: &str,
        snake: &str,
        mut read: impl FnMut(Object<'a>) -> Result<T, ReadError>,
    ) -> Result<Vec<T>, ReadError> {
        let found = self.each(camel, &mut read)?;
        if found.is_empty() { self.each(snake, read) } else { Ok(found) }
    }
}
