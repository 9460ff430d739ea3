//! The few functions the models use beyond stock SQL. Each is pure; each has a plain meaning an auditor can redo.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Decimal128Builder, Int64Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Int64Type};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use rust_decimal::Decimal;
use sha2::{Digest, Sha256};

use crate::base::{money, text};
use crate::usage::{Ring, WORDS};

type Body = Arc<dyn Fn(&[ArrayRef]) -> Result<ArrayRef> + Send + Sync>;

/// The type of a stored amount.
const AMOUNT: DataType = DataType::Decimal128(18, 4);

/// The function that asks the identity map, which never leaves this process.
pub const PSEUDONYM: &str = "pseudonym";

/// What stands for a name in evidence.
pub type Pseudonym = Arc<dyn Fn(&str) -> crate::base::Result<String> + Send + Sync>;

/// `pseudonym(id)`: the key of an id in the identity map; of a key that stands for an id already, itself.
pub fn pseudonym(key: Pseudonym) -> ScalarUDF {
    let body = move |args: &[ArrayRef]| {
        let keys =
            texts(&args[0])?.iter().map(|id| id.map(|id| key(id)).transpose()).collect::<crate::base::Result<_>>();
        let keys: StringArray = keys.map_err(|e| DataFusionError::External(e.into()))?;
        Ok(Arc::new(keys) as ArrayRef)
    };
    function(PSEUDONYM, 1, DataType::Utf8, body)
}

/// All functions that need nothing but their arguments, for every session: this process, a scheduler, an executor.
pub fn all() -> Vec<ScalarUDF> {
    vec![
        function("sha256", 1, DataType::Utf8, sha256),
        function("fold_text", 1, DataType::Utf8, fold_text),
        function("glob_match", 2, DataType::Boolean, glob_match),
        function("round_money", 1, AMOUNT, round_money),
        function("convert_money", 3, AMOUNT, convert_money),
        function("active_days", WORDS + 2, DataType::Int64, active_days),
    ]
}

fn function(
    name: &'static str,
    arguments: usize,
    returns: DataType,
    body: impl Fn(&[ArrayRef]) -> Result<ArrayRef> + Send + Sync + 'static,
) -> ScalarUDF {
    let signature = Signature::any(arguments, Volatility::Immutable);
    ScalarUDF::from(Function { name, signature, returns, body: Arc::new(body) })
}

/// A row-wise function over columns; arguments are cast to what the body reads.
struct Function {
    name: &'static str,
    signature: Signature,
    returns: DataType,
    body: Body,
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// The name says which one it is.
impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Function {}

impl Hash for Function {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for Function {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.returns.clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let only_scalars = args.args.iter().all(|a| matches!(a, ColumnarValue::Scalar(_)));
        let result = (self.body)(&ColumnarValue::values_to_arrays(&args.args)?)?;
        if only_scalars {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?));
        }
        Ok(ColumnarValue::Array(result))
    }
}

fn texts(array: &ArrayRef) -> Result<StringArray> {
    Ok(cast(array, &DataType::Utf8)?.as_string::<i32>().clone())
}

/// SHA-256 of the UTF-8 text as lower-case hex, as DuckDB's `sha256`.
fn sha256(args: &[ArrayRef]) -> Result<ArrayRef> {
    let hex = |text: &str| Sha256::digest(text).iter().map(|b| format!("{b:02x}")).collect::<String>();
    Ok(Arc::new(texts(&args[0])?.iter().map(|t| t.map(hex)).collect::<StringArray>()))
}

/// The form in which names are compared ([`text::fold`]); null when nothing visible is left.
fn fold_text(args: &[ArrayRef]) -> Result<ArrayRef> {
    let folded = |t: &str| Some(text::fold(t)).filter(|f| !f.is_empty());
    Ok(Arc::new(texts(&args[0])?.iter().map(|t| t.and_then(folded)).collect::<StringArray>()))
}

/// Whether a text matches a glob of `*` and `?`, case-folded.
fn glob_match(args: &[ArrayRef]) -> Result<ArrayRef> {
    let (texts, patterns) = (texts(&args[0])?, texts(&args[1])?);
    let matches = texts.iter().zip(patterns.iter()).map(|(t, p)| Some(text::glob_match(t?, p?)));
    Ok(Arc::new(matches.collect::<BooleanArray>()))
}

/// Rounds half-even to the places of a stored amount.
fn round_money(args: &[ArrayRef]) -> Result<ArrayRef> {
    let amounts = decimals(&args[0])?;
    amounts_array(amounts.into_iter().map(|a| a.map(money::round_amount)))
}

/// `convert_money(amount, from_rate, to_rate)`: `amount * to_rate / from_rate`, half-even; null without both rates.
fn convert_money(args: &[ArrayRef]) -> Result<ArrayRef> {
    let (amounts, from, to) = (decimals(&args[0])?, decimals(&args[1])?, decimals(&args[2])?);
    let rows = amounts.into_iter().zip(from).zip(to);
    amounts_array(rows.map(|((amount, from), to)| money::convert_amount(amount?, from?, to?)))
}

/// `active_days(w0, .., w6, after, through)`: the days of a ring ([`Ring`]) later than one day and up to another.
fn active_days(args: &[ArrayRef]) -> Result<ArrayRef> {
    let columns = args.iter().take(WORDS).map(|a| cast(a, &DataType::Int64)).collect::<Result<Vec<_>, _>>()?;
    let words: Vec<_> = columns.iter().map(AsArray::as_primitive::<Int64Type>).collect();
    let days = args[WORDS..].iter().map(|a| cast(a, &DataType::Date32)).collect::<Result<Vec<_>, _>>()?;
    let [after, through] = [0, 1].map(|at| days[at].as_primitive::<Date32Type>());
    let count = |row: usize| {
        let is_known = words.iter().all(|word| word.is_valid(row)) && after.is_valid(row) && through.is_valid(row);
        let ring = || Ring(std::array::from_fn(|word| words[word].value(row) as u64));
        is_known.then(|| i64::from(ring().count(after.value(row), through.value(row))))
    };
    Ok(Arc::new((0..args[0].len()).map(count).collect::<Int64Array>()))
}

fn decimals(array: &ArrayRef) -> Result<Vec<Option<Decimal>>> {
    let array = match array.data_type() {
        DataType::Decimal128(_, _) => array.clone(),
        DataType::Null => cast(array, &AMOUNT)?,
        whole if whole.is_integer() => cast(array, &DataType::Decimal128(20, 0))?,
        other => return Err(DataFusionError::Plan(format!("money is decimal, not {other}"))),
    };
    let scale = u32::try_from(array.as_primitive::<Decimal128Type>().scale()).unwrap_or_default();
    array
        .as_primitive::<Decimal128Type>()
        .iter()
        .map(|v| v.map(|v| Decimal::try_from_i128_with_scale(v, scale)).transpose())
        .collect::<std::result::Result<_, _>>()
        .map_err(|e| DataFusionError::Execution(format!("an amount does not fit: {e}")))
}

fn amounts_array(amounts: impl Iterator<Item = Option<Decimal>>) -> Result<ArrayRef> {
    let mut builder = Decimal128Builder::new().with_precision_and_scale(18, 4)?;
    for amount in amounts {
        builder.append_option(amount.map(|mut a| {
            a.rescale(money::AMOUNT_SCALE);
            a.mantissa()
        }));
    }
    Ok(Arc::new(builder.finish()))
}
