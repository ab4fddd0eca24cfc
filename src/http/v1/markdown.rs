//! A piece of the assistant's answer → Markdown, which the programs that speak OpenAI's API show. Pure.
//!
//! The titles of products are bold, lists are lists, and what is compared is a table. All else means what it says:
//! reviews and titles are data, so nothing in them becomes emphasis, a link, an image or markup.

use crate::findings::{ComparisonFinding, Finding};

/// How the assistant begins the lines of a list, …
const ITEM: &str = "\n• ";
/// … and how Markdown does.
const MARKDOWN_ITEM: &str = "\n- ";
/// What begins a link by itself, with the place of the mark that is escaped in it.
const LINKS: [(&str, usize); 4] = [("https://", 5), ("http://", 4), ("ftp://", 3), ("www.", 3)];

/// How one answer is written in Markdown.
pub(super) struct Markdown {
    /// The names that are bold; of two that begin alike the longer one goes first.
    names: Vec<String>,
    /// What is compared, aspect by aspect, which takes the place of the answer's list.
    table: Option<String>,
    /// Whether the table stands in the answer.
    is_table_written: bool,
}

impl Markdown {
    /// Of an answer that concludes this and rests on quotes of products with these titles.
    pub(super) fn of<'a>(finding: Option<&Finding>, titles: impl Iterator<Item = &'a str>) -> Self {
        let mut names: Vec<String> = titles.map(str::to_string).collect();
        let json = finding.and_then(|finding| serde_json::to_value(finding).ok());
        json.iter()
            .for_each(|finding| collect_titles(finding, &mut names));
        names.retain(|name| !name.is_empty());
        names.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        names.dedup();
        Self {
            names,
            table: match finding {
                Some(Finding::Comparison(comparison)) => table(comparison),
                _ => None,
            },
            is_table_written: false,
        }
    }

    /// The next piece of the answer, which is whole sentences with what stands before them.
    pub(super) fn next(&mut self, text: &str) -> String {
        match &self.table {
            Some(table) if text.starts_with(ITEM) => {
                match std::mem::replace(&mut self.is_table_written, true) {
                    true => String::new(),
                    false => table.clone(),
                }
            }
            // A line behind a list or a table is a part of it unless one is left empty.
            _ if text.starts_with('\n') && !text.starts_with(ITEM) => format!("\n{}", self.in_markdown(text)),
            _ => self.in_markdown(text),
        }
    }

    /// Sentences, of which one quotes at most, in Markdown.
    pub(super) fn in_markdown(&self, text: &str) -> String {
        let text = text.replace(ITEM, MARKDOWN_ITEM);
        // A review may have quotation marks itself.
        let quoted = text.find('“').unwrap_or(text.len())..text.rfind('”').unwrap_or(0);
        let mut markdown = String::with_capacity(text.len() + text.len() / 8);
        let mut at = 0;
        while at < text.len() {
            let rest = &text[at..];
            let is_ours = !quoted.contains(&at);
            let begins = !text[..at].ends_with(char::is_alphanumeric);
            let mut names = self.names.iter().filter(|_| is_ours && begins);
            at += if let Some(name) = names.find(|name| rest.starts_with(name.as_str())) {
                markdown += &format!("**{}**", escaped(name));
                name.len()
            } else if let Some(mark) = citation(rest).filter(|_| is_ours) {
                markdown.push_str(mark);
                mark.len()
            } else {
                push_next(&mut markdown, rest)
            };
        }
        markdown
    }
}

/// A table of the aspects that are compared; the counts of the product that is ahead are bold.
fn table(comparison: &ComparisonFinding) -> Option<String> {
    let row = |cells: Vec<String>| format!("\n| {} |", cells.join(" | "));
    let titles = comparison.products.iter().map(|product| escaped(&product.title));
    let mut table = row([String::new()].into_iter().chain(titles).collect());
    table += &row(vec!["---".to_string(); comparison.products.len() + 1]);
    for aspect in &comparison.aspects {
        let counts = aspect.balances.iter().enumerate().map(|(at, balance)| {
            let counted = format!("{} for, {} against", balance.praised, balance.complained);
            match aspect.ahead {
                Some(ahead) if ahead == at => format!("**{counted}**"),
                _ => counted,
            }
        });
        table += &row([escaped(&aspect.aspect)].into_iter().chain(counts).collect());
    }
    (!comparison.aspects.is_empty()).then(|| format!("\n{table}\n\n"))
}

/// A text that means itself.
fn escaped(text: &str) -> String {
    let (mut escaped, mut at) = (String::with_capacity(text.len()), 0);
    while at < text.len() {
        at += push_next(&mut escaped, &text[at..]);
    }
    escaped
}

/// Appends the beginning of a text, which is not empty, so that it means itself; gives its bytes.
fn push_next(markdown: &mut String, text: &str) -> usize {
    if let Some(before) = link(text) {
        markdown.push_str(&text[..before]);
        markdown.push('\\');
        markdown.push_str(&text[before..=before]);
        return before + 1;
    }
    let c = text.chars().next().expect("the text is not empty");
    if matches!(
        c,
        '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '$' | '@'
    ) {
        markdown.push('\\');
    }
    markdown.push(c);
    c.len_utf8()
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
    use crate::findings::{Balance, ComparedAspect, ProductFacts};
    use crate::reviews::testing;

    #[test]
    fn names_are_bold_and_all_else_means_itself() {
        let markdown_of = Markdown::of(None, ["USB*Hub", "Avandi", "Avandi Brew"].into_iter());
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
            (
                "One writes: “he said ”fine” [2] a@b.c” [1]",
                "One writes: “he said ”fine” \\[2\\] a\\@b.c” [1]",
            ),
            ("[x] [] [12]", "\\[x\\] \\[\\] [12]"),
            ("Subavandi, Avandis", "Subavandi, **Avandi**s"),
        ] {
            assert_eq!(markdown_of.in_markdown(text), markdown, "{text}");
        }
    }
    #[test]
    fn a_comparison_is_a_table_in_place_of_its_list() {
        let balance = |praised, complained| Balance {
            reviews: praised + complained,
            praised,
            complained,
            mean_rating: None,
        };
        let compared = |aspect: &str, ahead| ComparedAspect {
            aspect: aspect.into(),
            balances: vec![balance(9, 1), balance(2, 8)],
            amounts: vec![],
            most: None,
            ahead,
        };
        let product = |title: &str| ProductFacts::of(&testing::product(title));
        let finding = Finding::Comparison(ComparisonFinding {
            products: vec![product("Avandi|Brew"), product("Surveen")],
            ahead: None,
            asked: None,
            aspects: vec![compared("lid", Some(0)), compared("handle", None)],
            quotes: vec![],
        });
        let mut markdown = Markdown::of(Some(&finding), std::iter::empty());
        assert_eq!(markdown.next("The Surveen."), "The **Surveen**.");
        assert_eq!(
            markdown.next("\n• lid: Avandi|Brew 9 for, 1 against."),
            "\n\n|  | Avandi\\|Brew | Surveen |\n| --- | --- | --- |\n| lid | **9 for, 1 against** | 2 for, 8 against |\n\
             | handle | 9 for, 1 against | 2 for, 8 against |\n\n"
        );
        assert_eq!(markdown.next("\n• handle: Avandi|Brew 9 for, 1 against."), "");
        assert_eq!(markdown.next("\nA buyer writes."), "\n\nA buyer writes.");
    }
}
