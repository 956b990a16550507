//! The headers that are not passed on.

/// Names by their first letter; `*` matches any ending. Every header of every request and answer is
/// looked up, so most are told apart by their length and third letter.
pub(super) struct Listed([Row; 26]);

/// The names with one first letter.
struct Row {
    names: &'static [&'static str],
    /// The bit of each length that a name may have; the last is for all longer ones.
    lengths: u64,
    /// The bit of each third letter that a name may have; some letters share one.
    thirds: u32,
}

impl Listed {
    const fn new(names: [&'static [&'static str]; 26]) -> Self {
        let mut rows = [const { Row::new(&[]) }; 26];
        let mut letter = 0;
        while letter < names.len() {
            rows[letter] = Row::new(names[letter]);
            letter += 1;
        }
        Self(rows)
    }

    /// Whether this name is in the list.
    pub(super) fn has(&self, name: &str) -> bool {
        let bytes = name.as_bytes();
        let letter = bytes.first().map_or(u8::MAX, |first| first.wrapping_sub(b'a'));
        let Some(row) = self.0.get(usize::from(letter)) else { return false };
        let third = bytes.get(2).map_or(u32::MAX, |third| bit_of(*third));
        row.lengths >> bytes.len().min(LONGEST) & 1 == 1 && row.thirds & third != 0 && row.has(name)
    }
}

impl Row {
    const fn new(names: &'static [&'static str]) -> Self {
        let (mut lengths, mut thirds) = (0, 0);
        let mut nth = 0;
        while nth < names.len() {
            let name = names[nth].as_bytes();
            let is_start = name[name.len() - 1] == b'*';
            let length = if is_start { name.len() - 1 } else { name.len() };
            assert!(length <= LONGEST);
            lengths |= if is_start { u64::MAX << length } else { 1 << length };
            thirds |= if length > 2 { bit_of(name[2]) } else { u32::MAX };
            nth += 1;
        }
        Self { names, lengths, thirds }
    }

    fn has(&self, name: &str) -> bool {
        self.names.iter().any(|entry| match entry.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == *entry,
        })
    }
}

const fn bit_of(letter: u8) -> u32 {
    1 << (letter & 31)
}

const LONGEST: usize = 63;

/// Headers that belong to the client's connection or browser, identify the client, name a model or
/// a payer besides the operator's credential, or would make a provider do something that is not
/// allowed. Length and host are set anew for each attempt.
#[rustfmt::skip]
pub(super) static STAY_WITH_CLIENT: Listed = Listed::new([
    /* a */ &["authorization", "api-key", "azureml-model-deployment"],
    /* b */ &[],
    /* c */ &["connection", "content-length", "cookie", "cf-connecting-ip"],
    /* d */ &[],
    /* e */ &["expect"],
    /* f */ &["forwarded"],
    /* g */ &[],
    /* h */ &["host", "helicone-model-override"],
    /* i */ &[],
    /* j */ &[],
    /* k */ &["keep-alive"],
    /* l */ &[],
    /* m */ &["model-override"],
    /* n */ &[],
    /* o */ &["origin", "openai-organization", "openai-project"],
    /* p */ &["proxy-authenticate", "proxy-authorization", "proxy-connection", "private-token"],
    /* q */ &[],
    /* r */ &["referer"],
    /* s */ &["sec-*"],
    /* t */ &["te", "trailer", "transfer-encoding", "true-client-ip"],
    /* u */ &["upgrade"],
    /* v */ &["via"],
    /* w */ &[],
    /* x */ &["x-forwarded-*", "x-amz-*", "x-amzn-sagemaker-*", "x-onwards-*", "x-api-key", "x-goog-api-key",
        "x-real-ip", "x-http-method-override", "x-http-method", "x-method-override", "x-original-url",
        "x-rewrite-url", "x-original-uri", "x-remote-user", "x-auth-token", "x-portkey-config",
        "x-goog-user-project", "x-bill-to", "x-serverless-authorization", "x-litellm-api-key",
        "x-portkey-api-key", "x-vault-token", "x-access-token", "x-client-ip"],
    /* y */ &[],
    /* z */ &[],
]);

/// Headers that belong to the provider's connection, identify the provider or the operator, act on
/// the client's browser or on a proxy before the router, or use the router's own names.
#[rustfmt::skip]
pub(super) static STAY_WITH_PROVIDER: Listed = Listed::new([
    /* a */ &["access-control-*", "attribution-reporting-*", "accept-ch", "accept-ch-lifetime",
        "activate-storage-access", "alt-svc", "alt-used", "alternates", "anthropic-organization-id",
        "authentication-control", "authentication-info", "authorization", "api-key", "available-dictionary"],
    /* b */ &[],
    /* c */ &["content-security-policy*", "cross-origin-*", "cache-tag", "cdn-cache-control", "cdn-loop",
        "clear-site-data", "connection", "content-location", "cookie", "critical-ch"],
    /* d */ &["dictionary-id", "document-policy*"],
    /* e */ &["edge-control", "expect-ct"],
    /* f */ &["feature-policy", "forwarded"],
    /* g */ &[],
    /* h */ &["host", "http2-settings"],
    /* i */ &["im", "integrity-policy*"],
    /* j */ &[],
    /* k */ &["keep-alive"],
    /* l */ &["link", "location"],
    /* m */ &[],
    /* n */ &["nel", "no-vary-search"],
    /* o */ &["origin-trial", "observe-browsing-topics", "openai-organization", "openai-project",
        "optional-www-authenticate", "origin-agent-cluster"],
    /* p */ &["proxy-*", "permissions-policy*", "public-key-pins*", "p3p"],
    /* q */ &[],
    /* r */ &["referrer-policy", "refresh", "report-to", "reporting-endpoints", "retry-after",
        "retry-after-ms"],
    /* s */ &["sec-*", "service-worker-*", "set-*", "speculation-rules*", "surrogate-*", "server",
        "sourcemap", "status", "strict-transport-security", "supports-loading-mode"],
    /* t */ &["te", "timing-allow-origin", "trailer", "transfer-encoding"],
    /* u */ &["upgrade", "uri", "use-as-dictionary"],
    /* v */ &["via"],
    /* w */ &["www-authenticate"],
    /* x */ &["x-onwards-*", "x-request-id", "x-upstream-request-id", "x-accel-*", "x-forwarded-*",
        "x-amz-security-token", "x-api-key", "x-goog-api-key", "x-lighttpd-*", "x-litespeed-*", "x-pingback", "x-middleware-*", "x-original-*", "x-reproxy-*", "x-sendfile*", "x-send-file",
        "x-real-ip", "x-rewrite-url", "x-aspnet-version", "x-powered-by", "x-content-security-policy",
        "x-dns-prefetch-control", "x-frame-options", "x-permitted-cross-domain-policies",
        "x-sourcemap", "x-webkit-csp", "x-xss-protection"],
    /* y */ &[],
    /* z */ &[],
]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_listed_header_stands_at_its_letter() {
        for list in [&STAY_WITH_CLIENT, &STAY_WITH_PROVIDER] {
            for entry in list.0.iter().flat_map(|row| row.names) {
                assert!(list.has(&entry.replace('*', "any")), "{entry}");
                assert!(list.has(entry.trim_end_matches('*')), "{entry}");
                let long = entry.replace('*', &"any-".repeat(40));
                assert!(list.has(&long), "{entry}");
                assert!(!list.has(&format!("{}~", entry.replace('*', ""))) || entry.contains('*'));
            }
        }
    }

    #[test]
    fn other_headers_are_not_listed() {
        for name in ["", "a", "x", "accept", "content-type", "x-stainless-lang", "éa", "x-requests"]
        {
            assert!(!STAY_WITH_CLIENT.has(name) && !STAY_WITH_PROVIDER.has(name), "{name}");
        }
    }
}
