//! Reads the tables in Markdown that other programs print.

/// One table, cell by cell.
#[derive(Debug, PartialEq)]
pub(crate) struct Table<'a> {
    pub(crate) head: Vec<&'a str>,
    pub(crate) rows: Vec<Vec<&'a str>>,
}

/// All tables in a text.
pub(crate) fn tables(text: &str) -> Vec<Table<'_>> {
    let mut tables: Vec<Table<'_>> = Vec::new();
    let mut within = false;
    for line in text.lines() {
        let line = line.trim().strip_prefix('|');
        let Some(line) = line.and_then(|line| line.strip_suffix('|')) else {
            within = false;
            continue;
        };
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        match tables.last_mut() {
            Some(table) if within => {
                if !cells.iter().all(|cell| is_ruler(cell)) {
                    table.rows.push(cells);
                }
            }
            _ => tables.push(Table {
                head: cells,
                rows: Vec::new(),
            }),
        }
        within = true;
    }
    tables
}

fn is_ruler(cell: &str) -> bool {
    !cell.is_empty() && cell.chars().all(|char| matches!(char, '-' | ':'))
}

/// Digits in groups of three.
pub(crate) fn grouped(digits: &str) -> String {
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::{Table, grouped, tables};

    #[test]
    fn tables_are_found_among_other_text() {
        let text =
            "CPU seconds\n\n| a | 10 |\n| --- | ---: |\n| b |  |\n\n| c |\n|---|\nand so on\n";
        let first = Table {
            head: vec!["a", "10"],
            rows: vec![vec!["b", ""]],
        };
        let second = Table {
            head: vec!["c"],
            rows: vec![],
        };
        assert_eq!(tables(text), [first, second]);
    }

    #[test]
    fn digits_come_in_threes() {
        for (digits, seen) in [("1", "1"), ("123", "123"), ("1234567", "1,234,567")] {
            assert_eq!(grouped(digits), seen);
        }
    }
}
