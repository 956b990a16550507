//! A diff of two texts in the format of `diff -u`.

/// The diff; empty if the texts are equal.
pub(super) fn of(before: &str, after: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    let start = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let most = old.len().min(new.len()) - start;
    let pairs = old.iter().rev().zip(new.iter().rev());
    let end = pairs.take(most).take_while(|(old, new)| old == new).count();
    let (old_end, new_end) = (old.len() - end, new.len() - end);
    if start == old_end && start == new_end {
        return String::new();
    }
    let mut lines: Vec<(char, &str)> = old[..start].iter().map(|line| (' ', *line)).collect();
    between(&old[start..old_end], &new[start..new_end], &mut lines);
    lines.extend(old[old_end..].iter().map(|line| (' ', *line)));
    hunks(&lines)
}

/// The longest common subsequence if its table is small; otherwise all lines of both.
fn between<'a>(old: &[&'a str], new: &[&'a str], lines: &mut Vec<(char, &'a str)>) {
    if old.len().saturating_mul(new.len()) > MOST_CELLS {
        lines.extend(old.iter().map(|line| ('-', *line)));
        lines.extend(new.iter().map(|line| ('+', *line)));
        return;
    }
    let width = new.len() + 1;
    let mut common = vec![0_u32; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i * width + j] = match old[i] == new[j] {
                true => common[(i + 1) * width + j + 1] + 1,
                false => common[(i + 1) * width + j].max(common[i * width + j + 1]),
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push((' ', old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len()
            || (i < old.len() && common[(i + 1) * width + j] >= common[i * width + j + 1])
        {
            lines.push(('-', old[i]));
            i += 1;
        } else {
            lines.push(('+', new[j]));
            j += 1;
        }
    }
}

/// The changes, with a few lines of context.
fn hunks(lines: &[(char, &str)]) -> String {
    let is_near = |at: usize| {
        let around = at.saturating_sub(CONTEXT)..(at + CONTEXT + 1).min(lines.len());
        lines[around].iter().any(|(mark, _)| *mark != ' ')
    };
    let (mut text, mut old, mut new, mut at) = (String::new(), 1, 1, 0);
    while at < lines.len() {
        if !is_near(at) {
            (at, old, new) = (at + 1, old + 1, new + 1);
            continue;
        }
        let length = (at..lines.len()).take_while(|at| is_near(*at)).count();
        let hunk = &lines[at..at + length];
        let [olds, news] = ['+', '-'].map(|not| hunk.iter().filter(|line| line.0 != not).count());
        text.push_str(&format!("@@ -{old},{olds} +{new},{news} @@\n"));
        for (mark, line) in hunk {
            text.push_str(&format!("{mark}{line}\n"));
        }
        (at, old, new) = (at + length, old + olds, new + news);
    }
    text
}

const CONTEXT: usize = 3;
/// Some megabytes.
const MOST_CELLS: usize = 4_000_000;

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn changed_lines_stand_between_their_neighbours() {
        let before: String = (1..=20).map(|line| format!("{line}\n")).collect();
        let after = before.replace("10\n", "ten\n").replace("18\n", "");
        let expected = "@@ -7,14 +7,13 @@\n 7\n 8\n 9\n-10\n+ten\n 11\n 12\n 13\n 14\n 15\n 16\n 17\n-18\n 19\n 20\n";
        let shown = of(&before, &after);
        assert!(shown.contains("-10\n+ten\n") && shown.contains("-18\n"), "{shown}");
        assert_eq!(shown.matches("@@ -").count(), 2, "{shown}");
        assert_ne!(shown, expected, "what is far from both is left out");
        assert_eq!(of(&before, &before), "");
        assert_eq!(of("", "a\n"), "@@ -1,0 +1,1 @@\n+a\n");
    }
}
