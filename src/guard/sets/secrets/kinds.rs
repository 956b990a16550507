//! The kinds of credentials: how each begins, and what follows.
//!
//! It never searches.

/// A kind of credential.
pub(super) struct Kind {
    /// How it begins.
    pub(super) prefix: &'static str,
    pub(super) shape: Shape,
}

/// What follows.
pub(super) enum Shape {
    /// Letters and digits, and these marks: so many at least, of which one is a digit.
    Mixed(&'static [u8], usize),
    /// The same where it may be a word of a language: a stretch without marks is long.
    Long(&'static [u8], usize),
    /// Capitals and digits, exactly so many.
    Capitals(usize),
    /// Small hexadecimal digits, exactly so many.
    Hex(usize),
    /// A value behind a name and marks, exactly so many letters, digits and `/+=`.
    Assigned(usize),
    /// The armour of a private key.
    Armour,
    /// Three parts of base64 with dots between two.
    Token,
    /// A name and a password before a host.
    Url,
}

/// Each kind, as its vendor documents it. Of no more than these are all looked for at once, many bytes at a time.
pub(super) static KINDS: [Kind; 64] = [
    // Model providers.
    kind("sk-", Shape::Long(URL_SAFE, 20)),
    kind("AIza", Shape::Mixed(URL_SAFE, 35)),
    kind("gsk_", Shape::Mixed(PLAIN, 32)),
    kind("xai-", Shape::Long(URL_SAFE, 32)),
    kind("pplx-", Shape::Mixed(PLAIN, 32)),
    kind("hf_", Shape::Mixed(PLAIN, 30)),
    kind("r8_", Shape::Mixed(PLAIN, 32)),
    kind("nvapi-", Shape::Long(URL_SAFE, 40)),
    kind("ABSK", Shape::Mixed(b"+/=", 100)),
    // Clouds.
    kind("AKIA", Shape::Capitals(16)),
    kind("ASIA", Shape::Capitals(16)),
    kind("ABIA", Shape::Capitals(16)),
    kind("ACCA", Shape::Capitals(16)),
    kind("aws_secret_access_key", Shape::Assigned(40)),
    kind("AWS_SECRET_ACCESS_KEY", Shape::Assigned(40)),
    // With a capital, and without.
    kind("ecretAccessKey", Shape::Assigned(40)),
    kind("AccountKey=", Shape::Mixed(b"+/=", 80)),
    kind("SharedAccessKey=", Shape::Mixed(b"+/=", 40)),
    kind("ya29.", Shape::Mixed(DOTTED, 20)),
    kind("GOCSPX-", Shape::Mixed(URL_SAFE, 24)),
    kind("dop_v1_", Shape::Hex(64)),
    kind("doo_v1_", Shape::Hex(64)),
    kind("dapi", Shape::Hex(32)),
    // Code and packages.
    kind("ghp_", Shape::Mixed(PLAIN, 36)),
    kind("gho_", Shape::Mixed(PLAIN, 36)),
    kind("ghu_", Shape::Mixed(PLAIN, 36)),
    kind("ghs_", Shape::Mixed(PLAIN, 36)),
    kind("ghr_", Shape::Mixed(PLAIN, 36)),
    kind("github_pat_", Shape::Mixed(b"_", 40)),
    kind("glpat-", Shape::Mixed(DOTTED, 20)),
    kind("glptt-", Shape::Mixed(URL_SAFE, 20)),
    kind("gldt-", Shape::Mixed(URL_SAFE, 20)),
    kind("npm_", Shape::Mixed(PLAIN, 36)),
    kind("pypi-AgE", Shape::Mixed(URL_SAFE, 50)),
    kind("rubygems_", Shape::Hex(48)),
    kind("dckr_pat_", Shape::Mixed(URL_SAFE, 20)),
    kind("ATATT3", Shape::Mixed(b"-_=", 50)),
    // Messages and mail.
    kind("xoxb-", Shape::Mixed(b"-", 20)),
    kind("xoxp-", Shape::Mixed(b"-", 20)),
    kind("xoxa-", Shape::Mixed(b"-", 20)),
    kind("xoxr-", Shape::Mixed(b"-", 20)),
    kind("xoxs-", Shape::Mixed(b"-", 20)),
    kind("xoxe.", Shape::Mixed(b"-.", 20)),
    kind("xapp-", Shape::Mixed(b"-", 20)),
    kind("hooks.slack.com/services/T", Shape::Mixed(b"/", 30)),
    kind("SG.", Shape::Mixed(DOTTED, 60)),
    // Payment and shops.
    kind("sk_live_", Shape::Mixed(PLAIN, 16)),
    kind("sk_test_", Shape::Mixed(PLAIN, 16)),
    kind("rk_live_", Shape::Mixed(PLAIN, 16)),
    kind("rk_test_", Shape::Mixed(PLAIN, 16)),
    kind("whsec_", Shape::Mixed(b"+/=", 24)),
    kind("shpat_", Shape::Hex(32)),
    kind("shpss_", Shape::Hex(32)),
    kind("sq0csp-", Shape::Mixed(URL_SAFE, 40)),
    // Keepers of secrets and tools.
    kind("hvs.", Shape::Mixed(URL_SAFE, 24)),
    kind("hvb.", Shape::Mixed(URL_SAFE, 24)),
    kind("dp.pt.", Shape::Mixed(PLAIN, 40)),
    kind("lin_api_", Shape::Mixed(PLAIN, 40)),
    kind("AGE-SECRET-KEY-1", Shape::Capitals(58)),
    kind("Bearer ", Shape::Long(b"-_.~+/=", 24)),
    // By their form.
    kind("-----BEGIN ", Shape::Armour),
    kind("eyJ", Shape::Token),
    kind("://", Shape::Url),
    kind("glrt-", Shape::Mixed(URL_SAFE, 20)),
];

const fn kind(prefix: &'static str, shape: Shape) -> Kind {
    Kind { prefix, shape }
}

const PLAIN: &[u8] = b"";
const URL_SAFE: &[u8] = b"-_";
const DOTTED: &[u8] = b"-_.";
