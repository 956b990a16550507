//! The built-in sets: data with a recognizable form, with check digits if the form has any.
//!
//! A set never matches part of a longer number, and only those with check digits or groups match beside a letter.

mod digits;
mod email;
mod iban;
mod payment_card;
mod phone;
mod secrets;
#[cfg(test)]
mod tests;
mod us_ssn;
mod wide;
mod words;

use std::ops::Range;

use schemars::JsonSchema;
use serde::Deserialize;

use self::wide::Narrow;

/// One of the sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "GuardrailSet")]
pub(crate) enum Set {
    /// Keys and tokens of vendors, private keys, JSON Web Tokens, passwords in URLs.
    Secrets,
    /// Numbers of payment cards: an issuer's range and length, and the check digit (Luhn).
    PaymentCard,
    /// International bank account numbers: the country's length, and the check digits (mod 97).
    Iban,
    /// Addresses of e-mail.
    Email,
    /// International telephone numbers, and those of North America with separators.
    Phone,
    /// Social security numbers of the United States, of the ranges that are issued.
    UsSsn,
}

impl Set {
    /// From where on something may begin of which more of the text would show whether it is looked for.
    pub(super) fn open(self, text: &[u8]) -> usize {
        match self.narrowed(text) {
            Some(narrow) => narrow.place(self.open_in(&narrow.text)),
            None => self.open_in(text),
        }
    }

    /// The text with its full-width digits as others, where it has any and the set looks for digits.
    fn narrowed(self, text: &[u8]) -> Option<Narrow> {
        match self {
            Self::Secrets | Self::Email => None,
            Self::PaymentCard | Self::UsSsn | Self::Iban | Self::Phone => Narrow::of(text),
        }
    }

    fn open_in(self, text: &[u8]) -> usize {
        match self {
            Self::Secrets => secrets::open(text),
            Self::PaymentCard | Self::UsSsn => digits::open(text, b""),
            Self::Iban => iban::open(text),
            Self::Email => email::open(text),
            Self::Phone => digits::open(text, b"+()/"),
        }
    }

    /// Whether what may go on behind a text is more than a word or a short number.
    pub(super) fn is_likely(self, begun: &[u8]) -> bool {
        match self {
            Self::Secrets => begun.len() >= LEAST_SECRET,
            Self::Email => begun.contains(&b'@'),
            Self::PaymentCard | Self::UsSsn | Self::Iban | Self::Phone => {
                let digits = begun.iter().filter(|byte| byte.is_ascii_digit()).count();
                digits + wide::count(begun) >= LEAST_DIGITS
            }
        }
    }

    /// Calls `found` with each place in the text, in their order; places may overlap.
    pub(super) fn each(self, text: &[u8], found: &mut dyn FnMut(Range<usize>)) {
        let Some(narrow) = self.narrowed(text) else { return self.each_in(text, found) };
        self.each_in(&narrow.text, &mut |it| found(narrow.place(it.start)..narrow.place(it.end)));
    }

    fn each_in(self, text: &[u8], found: &mut dyn FnMut(Range<usize>)) {
        match self {
            Self::Secrets => secrets::each(text, found),
            Self::PaymentCard => payment_card::each(text, found),
            Self::Iban => iban::each(text, found),
            Self::Email => email::each(text, found),
            Self::Phone => phone::each(text, found),
            Self::UsSsn => us_ssn::each(text, found),
        }
    }
}

const LEAST_SECRET: usize = 8;
const LEAST_DIGITS: usize = 6;
