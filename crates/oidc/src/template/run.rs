//! A tree and data become text.

use super::{Data, Expression, Function, MAX_OUTPUT_BYTES, Node, RunError};

/// What an expression is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Text(String),
    Bool(bool),
}

impl Value {
    /// Go's idea of truth: an empty text is false.
    fn is_true(&self) -> bool {
        match self {
            Value::Text(text) => !text.is_empty(),
            Value::Bool(truth) => *truth,
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Value::Text(_) => "a text",
            Value::Bool(_) => "a condition",
        }
    }
}

pub(super) fn nodes(nodes: &[Node], data: &impl Data, output: &mut String) -> Result<(), RunError> {
    for node in nodes {
        match node {
            Node::Text(text) => push(output, text)?,
            Node::Output(expression) => match evaluate(expression, data)? {
                Value::Text(text) => push(output, &text)?,
                Value::Bool(truth) => push(output, if truth { "true" } else { "false" })?,
            },
            Node::If { condition, then, otherwise } => {
                let chosen = if evaluate(condition, data)?.is_true() { then } else { otherwise };
                self::nodes(chosen, data, output)?;
            }
        }
    }
    Ok(())
}

fn push(output: &mut String, text: &str) -> Result<(), RunError> {
    if output.len() + text.len() > MAX_OUTPUT_BYTES {
        return Err(RunError::TooLong);
    }
    output.push_str(text);
    Ok(())
}

fn evaluate(expression: &Expression, data: &impl Data) -> Result<Value, RunError> {
    match expression {
        Expression::Text(text) => Ok(Value::Text(text.clone())),
        Expression::Bool(truth) => Ok(Value::Bool(*truth)),
        Expression::Field(name) => {
            data.text(name).map(Value::Text).ok_or_else(|| RunError::Missing { name: name.clone() })
        }
        Expression::Data => Err(RunError::Type { function: "a template", found: "all of the data" }),
        Expression::Call(function, arguments) => call(*function, arguments, data),
    }
}

fn call(function: Function, arguments: &[Expression], data: &impl Data) -> Result<Value, RunError> {
    match function {
        // These two stop where the answer is known, and give the argument that decided.
        Function::And | Function::Or => {
            let stops_at = function == Function::Or;
            let mut last = Value::Bool(!stops_at);
            for argument in arguments {
                last = evaluate(argument, data)?;
                if last.is_true() == stops_at {
                    break;
                }
            }
            Ok(last)
        }
        Function::Not => match arguments {
            [condition] => Ok(Value::Bool(!evaluate(condition, data)?.is_true())),
            _ => Err(RunError::Type { function: "not", found: "several conditions" }),
        },
        Function::Eq | Function::Ne => equal(function, arguments, data),
        Function::Index => match arguments.get(1).map(|name| evaluate(name, data)).transpose()? {
            Some(Value::Text(name)) => Ok(Value::Text(data.text(&name).unwrap_or_default())),
            other => Err(RunError::Type { function: "index", found: other.map_or("nothing", |v| v.kind()) }),
        },
    }
}

/// Whether the first argument is one of the others. Texts and conditions do not compare.
fn equal(function: Function, arguments: &[Expression], data: &impl Data) -> Result<Value, RunError> {
    let values: Vec<Value> =
        arguments.iter().map(|argument| evaluate(argument, data)).collect::<Result<_, _>>()?;
    let Some((first, others)) = values.split_first() else {
        return Err(RunError::Type { function: function.name(), found: "nothing" });
    };
    let mut found = false;
    for other in others {
        if first.kind() != other.kind() {
            return Err(RunError::Type { function: function.name(), found: "a text and a condition" });
        }
        found |= first == other;
        if found {
            break;
        }
    }
    Ok(Value::Bool(found == (function == Function::Eq)))
}
