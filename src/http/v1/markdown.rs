//! A piece of the assistant's answer → Markdown, which the programs that speak OpenAI's API show. Pure.
//!
//! The names of products are bold and lists are lists. All else means what it says: reviews and titles are data, so
//! nothing in them becomes emphasis, a link, an image or markup.

/// How the assistant begins the lines of a list, …
const ITEM: &str = "\n• ";
/// … and how Markdown does.
const MARKDOWN_ITEM: &str = "\n- ";
/// What begins a link by itself, with the place of the mark that is escaped in it.
const LINKS: [(&str, usize); 4] = [("https://", 5), ("http://", 4), ("ftp://", 3), ("www.", 3)];

/// The names that are bold in an answer.
pub(super) struct Names(Vec<String>);

impl Names {
    /// Every title in what the answer concludes and rests on; of two that begin alike the longer one goes first.
    pub(super) fn of<'a>(
        finding: Option<&'a serde_json::Value>,
        titles: impl Iterator<Item = &'a str>,
    ) -> Self {
        let mut names: Vec<String> = titles.map(str::to_string).collect();
        finding
            .into_iter()
            .for_each(|finding| collect_titles(finding, &mut names));
        names.retain(|name| !name.is_empty());
        names.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        names.dedup();
        Self(names)
    }

    /// A piece of the answer, which is whole sentences, in Markdown.
    pub(super) fn in_markdown(&self, text: &str) -> String {
        let text = text.replace(ITEM, MARKDOWN_ITEM);
        let mut markdown = String::with_capacity(text.len() + text.len() / 8);
        let (mut at, mut quoted) = (0, false);
        while let Some(c) = text[at..].chars().next() {
            let rest = &text[at..];
            quoted = match c {
                '“' => true,
                '”' => false,
                _ => quoted,
            };
            let begins = !text[..at].ends_with(char::is_alphanumeric);
            let name = self
                .0
                .iter()
                .find(|name| !quoted && begins && rest.starts_with(name.as_str()));
            let taken = if let Some(name) = name {
                markdown.push_str("**");
                name.chars().for_each(|c| push(&mut markdown, c));
                markdown.push_str("**");
                name.len()
            } else if let Some(mark) = citation(rest).filter(|_| !quoted) {
                markdown.push_str(mark);
                mark.len()
            } else if let Some(before) = link(rest) {
                markdown.push_str(&rest[..before]);
                markdown.push('\\');
                markdown.push_str(&rest[before..=before]);
                before + 1
            } else {
                push(&mut markdown, c);
                c.len_utf8()
            };
            at += taken;
        }
        markdown
    }
}

/// Appends a character that means itself.
fn push(markdown: &mut String, c: char) {
    if matches!(
        c,
        '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '$'
    ) {
        markdown.push('\\');
    }
    markdown.push(c);
}

/// The mark of a citation, such as `[1]`, with which a text begins.
fn citation(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('[')?;
    let digits = inside.find(|c: char| !c.is_ascii_digit())?;
    (digits > 0 && inside[digits..].starts_with(']')).then(|| &text[..digits + 2])
}

/// The bytes before the mark that makes the beginning of a text a link.
fn link(text: &str) -> Option<usize> {
    let begins = |link: &str| {
        text.get(..link.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(link))
    };
    LINKS
        .iter()
        .find(|(link, _)| begins(link))
        .map(|(_, before)| *before)
}

fn collect_titles(value: &serde_json::Value, titles: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(fields) => {
            titles.extend(
                fields
                    .get("title")
                    .and_then(|title| title.as_str())
                    .map(str::to_string),
            );
            fields.values().for_each(|value| collect_titles(value, titles));
        }
        serde_json::Value::Array(items) => items.iter().for_each(|value| collect_titles(value, titles)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_are_bold_and_all_else_means_itself() {
        let finding =
            json!({"picks": [{"product": {"title": "Avandi Brew"}}, {"product": {"title": "Avandi"}}]});
        let names = Names::of(Some(&finding), ["USB*Hub"].into_iter());
        for (text, markdown) in [
            (
                "The Avandi Brew fits best [1].",
                "The **Avandi Brew** fits best [1].",
            ),
            ("\n• Then the Avandi: 5 of 5", "\n- Then the **Avandi**: 5 of 5"),
            ("The USB*Hub", "The **USB\\*Hub**"),
            (
                "One writes: “the Avandi is *good* [2]” [1]",
                "One writes: “the Avandi is \\*good\\* \\[2\\]” [1]",
            ),
            (
                "“![x](http://a.b) www.c.d <b>”",
                "“!\\[x\\](http\\://a.b) www\\.c.d \\<b\\>”",
            ),
            ("[x] [] [12]", "\\[x\\] \\[\\] [12]"),
            ("Subavandi, Avandis", "Subavandi, **Avandi**s"),
        ] {
            assert_eq!(names.in_markdown(text), markdown, "{text}");
        }
    }
}
