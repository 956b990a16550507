//! What each set finds, and what only looks like it.

use super::Set;

/// What a set finds in a text, as text.
fn found(set: Set, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    set.each(text.as_bytes(), &mut |place| {
        found.push(String::from_utf8_lossy(&text.as_bytes()[place]).into_owned());
    });
    found
}

/// Each text is found alone, in a sentence, and beside letters that belong to no word.
fn finds(set: Set, texts: &[&str]) {
    for text in texts {
        for around in [["", ""], ["it is ", ", really"], ["卡号", "。"], ["(", ")"], ["\"", "\""]]
        {
            let whole = format!("{}{text}{}", around[0], around[1]);
            assert_eq!(found(set, &whole), [*text], "{whole}");
        }
    }
}

fn passes(set: Set, texts: &[&str]) {
    for text in texts {
        for around in [["", ""], ["it is ", ", really"]] {
            let whole = format!("{}{text}{}", around[0], around[1]);
            assert_eq!(found(set, &whole), [""; 0], "{whole}");
        }
    }
}

#[test]
fn payment_cards_have_an_issuer_a_length_and_a_check_digit() {
    finds(
        Set::PaymentCard,
        &[
            "4111111111111111",
            "4111 1111 1111 1111",
            "4111-1111-1111-1111",
            "4111.1111.1111.1111",
            "4111\u{a0}1111\u{a0}1111\u{a0}1111",
            "4111\u{200b}1111\u{200b}1111\u{200b}1111",
            "4111_1111_1111_1111",
            "4111\u{2009}1111\u{2009}1111\u{2009}1111",
            "4111\u{2011}1111\u{2011}1111\u{2011}1111",
            "4111\u{ad}1111\u{ad}1111\u{ad}1111",
            "4111\u{b7}1111\u{b7}1111\u{b7}1111",
            "4111\u{3000}1111\u{3000}1111\u{3000}1111",
            "4111\u{ff0d}1111\u{ff0d}1111\u{ff0d}1111",
            "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
            "4222222222222",
            "4242424242424242",
            "5555555555554444",
            "2223003122003222",
            "378282246310005",
            "3782 822463 10005",
            "30569309025904",
            "3056 930902 5904",
            "6011111111111117",
            "3530111333300000",
            "6200000000000005",
            "6759649826438453",
        ],
    );
    assert_eq!(found(Set::PaymentCard, "12 4111 1111 1111 1111 99"), ["4111 1111 1111 1111"]);
    assert_eq!(found(Set::PaymentCard, "exp 12 4111111111111111 cvc 123"), ["4111111111111111"]);
    passes(
        Set::PaymentCard,
        &[
            "4111111111111112",
            "411111111111111",
            "41111111111111111",
            "1234567812345670",
            "0000000000000000",
            "4.111111111111112e15",
            "4111111111111111.5",
            "4.111111111111111e16",
            "4.111111111111111e-15",
            "0.4111111111111111e0",
            "3.4111111111111111",
            "0.4111111111111111",
            "4111\n1111\n1111\n1111",
            "4111  1111  1111  1111",
            "41 11 11 11 11 11 11 11",
            "1700000000000",
            "5f3c4111111111111111",
        ],
    );
}

#[test]
fn account_numbers_have_a_country_its_length_and_check_digits() {
    finds(
        Set::Iban,
        &[
            "DE89370400440532013000",
            "DE89 3704 0044 0532 0130 00",
            "DE89-3704-0044-0532-0130-00",
            "de89370400440532013000",
            "GB29NWBK60161331926819",
            "GB29 NWBK 6016 1331 9268 19",
            "FR1420041010050500013M02606",
            "NO9386011117947",
            "MT84MALT011000012345MTLCAST001S",
            "CH9300762011623852957",
            "NL91ABNA0417164300",
            "SE4550000000058398257466",
        ],
    );
    passes(
        Set::Iban,
        &[
            "DE89370400440532013001",
            "DE8937040044053201300",
            "DE893704004405320130000",
            "XX89370400440532013000",
            "1DE89370400440532013000",
            "a1bDE89370400440532013000",
            "xDE89370400440532013001",
            "xGB29nwbk60161331926819",
            "DE 89370400440532013000",
            "DE89 370 400440532013000",
        ],
    );
}

#[test]
fn what_is_no_digit_may_stand_beside_a_number_with_check_digits() {
    for (before, after) in
        [("Visa", ""), ("card_", ""), ("x_", "_y"), ("", "x"), ("no", "ok"), ("id1_", "_2")]
    {
        let card = "4111111111111111";
        assert_eq!(found(Set::PaymentCard, &format!("{before}{card}{after}")), [card], "{before}");
    }
    for (before, after) in [("IBAN", ""), ("", "EUR"), ("iban_", "_x"), ("x", "")] {
        let account = "DE89370400440532013000";
        assert_eq!(found(Set::Iban, &format!("{before}{account}{after}")), [account], "{before}");
    }
    for (before, after) in [("ssn_", ""), ("x", "x"), ("", "_y")] {
        let number = "536-22-1234";
        assert_eq!(found(Set::UsSsn, &format!("{before}{number}{after}")), [number], "{before}");
    }
}

#[test]
fn a_whole_number_may_be_written_as_another_is() {
    assert_eq!(found(Set::PaymentCard, "4111111111111111.0"), ["4111111111111111"]);
    assert_eq!(found(Set::PaymentCard, "it is 4111111111111111.00, yes"), ["4111111111111111"]);
    finds(
        Set::PaymentCard,
        &[
            "4.111111111111111e15",
            "4.111111111111111E+15",
            "4.1111111111111110e15",
            "41111111111111110e-1",
            "４１１１１１１１１１１１１１１１",
            "４１１１ １１１１ １１１１ １１１１",
            "4111１１１１1111１１１１",
        ],
    );
    finds(Set::Iban, &["DE８９３７０４００４４０５３２０１３０００"]);
    finds(Set::UsSsn, &["５３６-２２-１２３４", "536.22.1234"]);
    for named in ["SS# ", "SSN: ", "ss #", "social security "] {
        for number in ["536221234", "536-221234", "53622-1234"] {
            assert_eq!(found(Set::UsSsn, &format!("{named}{number}")), [number], "{named}");
        }
    }
    passes(
        Set::PaymentCard,
        &["４１１１１１１１１１１１１１１２", "４１１１１１１１１１１１１１１１1"],
    );
    let cut = "no ４１１１１１";
    assert_eq!(Set::PaymentCard.open(cut.as_bytes()), 3);
    assert!(Set::PaymentCard.is_likely(&cut.as_bytes()[3..]));
}

#[test]
fn addresses_have_a_name_and_a_domain() {
    finds(
        Set::Email,
        &[
            "ann@example.com",
            "ann.b+c_d%e@mail.example.co.uk",
            "a@b.io",
            "x'y@example.museum",
            "ann@xn--exmple-cua.de",
            "ann@example.xn--p1ai",
        ],
    );
    assert_eq!(found(Set::Email, "to jürgen@exämple.de."), ["jürgen@exämple.de"]);
    assert_eq!(found(Set::Email, "a@b.com请"), ["a@b.com"]);
    assert_eq!(
        found(Set::Email, "Ann <ann@example.com>, bob@x.org."),
        ["ann@example.com", "bob@x.org"]
    );
    assert_eq!(found(Set::Email, "mailto:ann@example.com?a=b"), ["ann@example.com"]);
    passes(
        Set::Email,
        &[
            "@app.route",
            "ann@localhost",
            "lib@1.2.3",
            "icon@2x.png",
            "git@github.com:a/b.git",
            "a@.com",
            "a@b..com",
            "a.@b.com",
            "@types/node",
            "a @ b.com",
            "ann@example.c",
            "user@-bad.com",
        ],
    );
}

#[test]
fn telephone_numbers_are_international_or_written_with_separators() {
    finds(
        Set::Phone,
        &[
            "+14155552671",
            "+1 415 555 2671",
            "+1 (415) 555-2671",
            "+49 30 1234567",
            "+49 (0)30 1234567",
            "+442071838750",
            "+33 1 23 45 67 89",
            "+86-10-1234-5678",
            "+353 1 234 5678",
            "+7 495 123-45-67",
            "415-555-2671",
            "415.555.2671",
            "415 555 2671",
        ],
    );
    assert_eq!(found(Set::Phone, "call (415) 555-2671 now"), ["(415) 555-2671"]);
    assert_eq!(found(Set::Phone, "call (415)555-2671 now"), ["(415)555-2671"]);
    assert_eq!(found(Set::Phone, "1-415-555-2671"), ["415-555-2671"]);
    assert_eq!(found(Set::Phone, "+1 415 555 2671 2024"), ["+1 415 555 2671"]);
    passes(
        Set::Phone,
        &[
            "4155552671",
            "+1234567",
            "+0123456789",
            "+1415555267",
            "x+14155552671",
            "++14155552671",
            "115-555-2671",
            "415-155-2671",
            "415-911-2671",
            "123-45-6789",
            "192.168.100.2000",
            "415-555-26711",
            "+999 1234567",
            "(115) 555-2671",
        ],
    );
}

#[test]
fn social_security_numbers_are_of_the_ranges_that_are_issued() {
    finds(Set::UsSsn, &["123-45-6789", "123 45 6789", "078-05-1120", "899-99-9999", "001-01-0001"]);
    assert_eq!(found(Set::UsSsn, "SSN: 123456789"), ["123456789"]);
    assert_eq!(found(Set::UsSsn, "social security number is 123456789."), ["123456789"]);
    passes(
        Set::UsSsn,
        &[
            "000-45-6789",
            "666-45-6789",
            "900-45-6789",
            "123-00-6789",
            "123-45-0000",
            "123-45 6789",
            "1.123.45.6789",
            "123.45.6789.1",
            "123-456789",
            "12345-6789",
            "5a123-45-6789",
            "123-45-67890",
            "1123-45-6789",
            "123-45-6789-1",
            "12 123 45 6789",
            "123456789",
        ],
    );
}

/// Built of two halves, so that no scanner of sources takes them for real.
fn joined(halves: [&str; 2]) -> String {
    halves.concat()
}

#[test]
fn secrets_have_a_vendors_prefix_and_what_follows_it() {
    let letters = "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zAbCdEfGhIjKl";
    let base64 = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY12";
    for secret in [
        joined(["sk-", &letters[..32]]),
        joined(["sk-proj-", letters]),
        joined(["sk-ant-", &format!("api03-{letters}_{letters}")]),
        joined(["AKIA", "IOSFODNN7EXAMPLE"]),
        joined(["ghp_", &letters[..36]]),
        joined(["github_pat_", &letters[..42]]),
        joined(["glpat-", &letters[..20]]),
        joined(["xoxb-", "123456789012-123456789012-abcdEFGH"]),
        joined(["AIza", &letters[..35]]),
        joined(["sk_live_", &letters[..24]]),
        joined(["hf_", &letters[..34]]),
        joined(["npm_", &letters[..36]]),
        joined(["eyJ", "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl"]),
    ] {
        finds(Set::Secrets, &[&secret]);
        passes(Set::Secrets, &[&format!("x{secret}")]);
    }
    for (text, wanted) in [
        (format!("aws_secret_access_key = {base64}"), base64.to_owned()),
        (format!("\"SecretAccessKey\": \"{base64}\","), base64.to_owned()),
        ("postgres://ann:hunter22@db.example.com/x".to_owned(), "ann:hunter22".to_owned()),
        (format!("Authorization: Bearer {letters}"), format!("Bearer {letters}")),
    ] {
        assert_eq!(found(Set::Secrets, &text), [wanted], "{text}");
    }
    let armour = ["-----BEGIN RSA ", "PRIVATE KEY-----"].concat();
    let key = format!("{armour}\nMIIEowIBAAKCAQEA7bq\nabcd\n-----END RSA PRIVATE KEY-----");
    assert_eq!(found(Set::Secrets, &format!("a {key} b")), [key.as_str()]);
    let cut = key.split_once("\n-----END").unwrap().0.to_owned();
    assert_eq!(found(Set::Secrets, &cut), [cut.as_str()]);
    passes(
        Set::Secrets,
        &[
            "sk-circle-fade-animation-delay-2",
            "sk-ann",
            "task-aB3dE5gH7jK9mN1pQ2rS4tU6",
            "AKIAIOSFODNN7EXAMPLE1",
            "ghp_short",
            "eyJhbGciOiJIUzI1NiJ9",
            "https://example.com:8080/a@b",
            "https://ann@example.com/",
            "https://{user}:{password}@example.com/",
            "Bearer YOUR_API_KEY_GOES_RIGHT_HERE",
            "Bearer token",
            &armour,
            "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEF",
        ],
    );
}

/// How long this thread has worked, whatever else the machine does meanwhile.
fn worked() -> std::time::Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = told.split(' ').next().and_then(|nanos| nanos.parse().ok());
    std::time::Duration::from_nanos(nanos.unwrap_or_default())
}

/// A walk to the end of the run at every prefix would take minutes here.
#[test]
fn a_run_full_of_prefixes_is_walked_through_once() {
    let begun = worked();
    for prefix in
        ["sk-", "eyJ", "-eyJ", "xoxb-", "Bearer sk-", "-----BEGIN ", "-----BEGIN -", "://"]
    {
        let mut text = prefix.repeat((1 << 19) / prefix.len());
        assert_eq!(found(Set::Secrets, &text), [""; 0], "{prefix}");
        text.push('"');
        assert_eq!(Set::Secrets.open(text.as_bytes()), text.len(), "{prefix}");
    }
    let took = worked().saturating_sub(begun);
    assert!(took.as_secs() < 20, "{took:?}");
    let letters = "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA";
    for before in ["sk-sk-", "sk-/", "xsk-", "sk-a-sk-b/"] {
        let key = joined(["sk-", letters]);
        let all = found(Set::Secrets, &format!("{before}{key}"));
        assert!(all.iter().any(|it| it.ends_with(letters)) || before == "xsk-", "{before}");
    }
}
