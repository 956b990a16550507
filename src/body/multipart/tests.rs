//! Forms as clients write them, well or badly, and cut at every byte.

use proptest::prelude::*;

use super::super::further;
use super::*;

fn scan<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Found, Invalid> {
    let mut scanner = Scanner::new("XyZ");
    pieces.into_iter().for_each(|piece| scanner.feed(piece));
    scanner.finish()
}

/// The result for the whole form, once it is the same however the form is cut.
fn read(form: &[u8]) -> Result<Found, Invalid> {
    let whole = scan([form]);
    for at in 0..=form.len() {
        let (left, right) = form.split_at(at);
        assert_eq!(scan([left, right]), whole, "{:?} at {at}", String::from_utf8_lossy(form));
    }
    assert_eq!(scan(form.chunks(1)), whole);
    assert_eq!(scan(form.chunks(5)), whole);
    whole
}

fn part(disposition: &str, content: &str) -> String {
    format!("--XyZ\r\nContent-Disposition: {disposition}\r\n\r\n{content}\r\n")
}

fn form(parts: &[(&str, &str)]) -> String {
    let parts: String = parts.iter().map(|(head, content)| part(head, content)).collect();
    parts + "--XyZ--\r\n"
}

fn model_of(form: &str) -> Option<String> {
    let model = read(form.as_bytes()).unwrap().model?;
    let name = model.name.unwrap();
    assert_eq!(&form[model.span.start as usize..model.span.end as usize], &*name);
    Some(name.into())
}

#[test]
fn delimiter_in_the_place_of_a_head_is_refused_at_the_same_byte_however_it_is_cut() {
    assert!(read(b"--XyZ\r\n--XyZ\r\n").is_err());
    assert!(read(b"--XyZ\r\n\r--XyZ\r\n").is_err());
}

#[test]
fn finds_the_fields_among_files() {
    let file = ("form-data; name=\"file\"; filename=\"a.wav\"", "RIFF\r\n\r\n--XyY\r\n--Xy\r\r\n-");
    let decoy = (
        "form-data; name=\"file\"; filename=\"model\"",
        "Content-Disposition: form-data; name=\"model\"\r\n\r\nwrong\n--Xyz\nname=\"model\"",
    );
    let whisper = ("form-data; name=\"model\"", "whisper-1");
    assert_eq!(model_of(&form(&[file, whisper])), Some("whisper-1".into()));
    assert_eq!(model_of(&form(&[whisper, file])), Some("whisper-1".into()));
    assert_eq!(model_of(&form(&[decoy, whisper])), Some("whisper-1".into()));
    assert_eq!(model_of(&form(&[decoy])), None);
    assert_eq!(model_of(&form(&[])), None);
    assert_eq!(model_of(&form(&[("form-data; name=model", "m")])), Some("m".into()));
    assert_eq!(model_of(&form(&[("Form-Data;NAME=\"model\";x=y", "")])), Some(String::new()));
    assert_eq!(model_of(&form(&[("form-data; name=\"model\"", "a\r\nb")])), Some("a\r\nb".into()));
    assert_eq!(model_of(&form(&[("form-data; name=\"Model\"", "m")])), Some("m".into()));
    for name in further::ONE.into_iter().chain(["model_id", "Engine", "deployment-ID"]) {
        let head = format!("form-data; name=\"{name}\"");
        assert_eq!(model_of(&form(&[(&head, "m")])), Some("m".into()), "{name}");
        let twice = form(&[whisper, (&head, "m")]);
        assert_eq!(read(twice.as_bytes()), Err(Invalid::DuplicateModel), "{name}");
    }
    for name in
        ["models", "fallbacks", "model_id[]", "model.id", "mo-del", "extra_body", "m%6fdel_id"]
    {
        let head = format!("form-data; name=\"{name}\"");
        assert!(read(form(&[whisper, (&head, "m")]).as_bytes()).is_err(), "{name}");
    }
    let lower = form(&[whisper]).replace("Content-D", "x: y\r\ncONTENT-d");
    assert_eq!(model_of(&lower), Some("whisper-1".into()));
    for same in ["7bit", "BINARY", "8bit"] {
        let head = format!("Content-Transfer-Encoding: {same}\r\nContent-D");
        assert_eq!(
            model_of(&form(&[whisper]).replace("Content-D", &head)),
            Some("whisper-1".into())
        );
    }
    let typed = "Content-Type: text/plain; charset=UTF-8\r\nContent-D";
    assert_eq!(model_of(&form(&[whisper]).replace("Content-D", typed)), Some("whisper-1".into()));
    for end in ["--XyZ--", "--XyZ--\r\n"] {
        let form = form(&[whisper]).replace("--XyZ--\r\n", end);
        assert_eq!(model_of(&form), Some("whisper-1".into()), "{end:?}");
    }
    assert_eq!(model_of(&format!("\r\n{}", form(&[whisper]))), Some("whisper-1".into()));
}

#[test]
fn reads_the_stream_field() {
    let cases = [
        ("true", Some(true)),
        ("True", Some(true)),
        ("1", Some(true)),
        ("false", Some(false)),
        ("0", Some(false)),
        ("yes", None),
        ("", None),
        ("a text of some length", None),
    ];
    for (text, wanted) in cases {
        let form = form(&[("form-data; name=\"stream\"", text)]);
        assert_eq!(read(form.as_bytes()).unwrap().stream, wanted, "{text}");
    }
}

#[test]
fn refuses_what_two_readers_could_understand_in_two_ways() {
    let model = ("form-data; name=\"model\"", "a");
    let good = form(&[model]);
    let twice = form(&[model, ("form-data; name=\"model\"; filename=\"x\"", "b")]);
    assert_eq!(read(twice.as_bytes()), Err(Invalid::DuplicateModel));
    let twice = form(&[model, ("form-data; name=\"MODEL\"", "b")]);
    assert_eq!(read(twice.as_bytes()), Err(Invalid::DuplicateModel));
    let stream = ("form-data; name=\"stream\"", "true");
    assert_eq!(read(form(&[stream, stream]).as_bytes()), Err(Invalid::DuplicateStream));
    for broken in [
        String::new(),
        "no form at all".into(),
        good.replace("--XyZ--\r\n", ""),
        good.replace("--XyZ--", "--XyZ-"),
        good.replace("--XyZ--", "--XyZ-x"),
        good.replace("--XyZ\r\n", "--XyZa\r\n"),
        good.replace("--XyZ\r\n", "--XyZ\n"),
        good.replace("--XyZ\r\n", "--XyZ\rx"),
        good.replace("\r\n\r\n", "\n\n"),
        good.replace("\r\n\r\n", "\r\n folded\r\n\r\n"),
        good.replace("\r\n\r\n", "\r\nno colon\r\n\r\n"),
        good.replace("\r\n\r\n", "\r\nContent-Disposition: form-data; name=x\r\n\r\n"),
        good.replace("Disposition:", "Disposition :"),
        good.replace("\"model\"", "\"model\"; name=\"file\""),
        good.replace("name=", "name*=utf-8''model; name="),
        good.replace("name=", "name*0="),
        good.replace("\"model\"", "\"model"),
        good.replace("\r\na\r\n", "\r\n"),
        // Preamble, epilogue, padding: some readers look for parts there, others do not.
        format!("preamble\r\n{good}"),
        format!("\n{good}"),
        format!("{good}epilogue"),
        format!("{good}{good}"),
        format!("{good}\r\n"),
        good.replace("--XyZ--\r\n", "--XyZ--\n"),
        good.replace("--XyZ--\r\n", "--XyZ--\r"),
        good.replace("--XyZ\r\n", "--XyZ \r\n"),
        good.replace("--XyZ--", "--XyZ --"),
        // A delimiter to those who take any line's end, or none.
        good.replace("\r\na\r\n", "\r\na\n--XyZ\nb\r\n"),
        good.replace("\r\na\r\n", "\r\na\r--XyZ\rb\r\n"),
        good.replace("\r\na\r\n", "\r\na--XyZb\r\n"),
        good.replace("\r\n\r\n", "\r\nx: --XyZ\r\n\r\n"),
        good.replace("\r\n\r\n", "\r\n--XyZ: x\r\n\r\n"),
        // Names that are others' `model`.
        good.replace("\"model\"", "\"m\\odel\""),
        good.replace("\"model\"", "\"mod%65l\""),
        good.replace("\"model\"", "\" model\""),
        good.replace("\"model\"", "\"model[]\""),
        good.replace("\"model\"", "\"model\0\""),
        good.replace("\"model\"", "\"x\\\"; name=\\\"model\""),
        good.replace("\"model\"", "\"file\"; filename=\"a\\\"; x=\"b\""),
        good.replace("\"model\"", "model x"),
        good.replace("\"model\"", "\"_charset_\""),
        good.replace("form-data;", "attachment;"),
        // Contents that are encoded once more.
        good.replace("\r\n\r\n", "\r\nContent-Transfer-Encoding: base64\r\n\r\n"),
        good.replace("\r\n\r\n", "\r\ncontent-transfer-encoding: quoted-printable\r\n\r\n"),
        good.replace("\r\n\r\n", "\r\nContent-Type: text/plain; charset=utf-16\r\n\r\n"),
        good.replace("\r\n\r\n", "\r\nContent-Type: text/plain; charset*=utf-7\r\n\r\n"),
        good.replace("\r\n\r\n", "\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"),
        good.replace("\r\n\r\n", "\r\nContent-Type: a/b\r\nContent-Type: a/b\r\n\r\n"),
    ] {
        assert!(matches!(read(broken.as_bytes()), Err(Invalid::Multipart { .. })), "{broken:?}");
    }
    let mut not_text = good.into_bytes();
    let at = not_text.windows(3).position(|three| three == b"\na\r").unwrap();
    not_text[at + 1] = 0xff;
    assert_eq!(read(&not_text), Err(Invalid::Multipart { offset: at as u64 + 1 }));
}

#[test]
fn a_model_and_a_header_have_a_longest() {
    let exact = form(&[("form-data; name=\"model\"", &"m".repeat(64 * 1024))]);
    assert_eq!(scan([exact.as_bytes()]).unwrap().model.unwrap().name.unwrap().len(), 64 * 1024);
    let longer = form(&[("form-data; name=\"model\"", &"m".repeat(64 * 1024 + 1))]);
    assert_eq!(scan([longer.as_bytes()]), Err(Invalid::ModelTooLong));
    assert_eq!(scan(longer.as_bytes().chunks(100)), Err(Invalid::ModelTooLong));
    let header = form(&[(&format!("form-data; name=\"{}\"", "x".repeat(20_000)), "")]);
    assert!(matches!(scan([header.as_bytes()]), Err(Invalid::Multipart { .. })));
}

proptest! {
    #[test]
    fn drawn_form_gives_its_model(
        files in prop::collection::vec("([a-z]|\r|\n|\r\n--|\r\n--X|\r\n--Xy|-|--XyZ){0,12}", 0..4),
        model in prop::option::of("[a-z0-9\r\n-]{1,20}"),
        place in 0_usize..4,
    ) {
        // Content with the boundary in it is refused.
        let sound = |text: &str| !text.contains("--XyZ");
        prop_assume!(files.iter().all(|file| sound(file)));
        let mut parts: Vec<_> =
            files.iter().map(|file| ("form-data; name=\"file\"; filename=\"f\"", file.as_str())).collect();
        if let Some(model) = &model {
            parts.insert(place.min(parts.len()), ("form-data; name=\"model\"", model));
        }
        prop_assert_eq!(model_of(&form(&parts)), model);
    }

    #[test]
    fn any_bytes_read_the_same_at_every_split(
        form in "(--XyZ|\r\n|-|--|content-disposition:|form-data;|name=|\"|model|stream|;| |[a-z]){0,40}",
    ) {
        let _ = read(form.as_bytes());
    }
}
