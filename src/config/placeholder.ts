/**
 * Placeholders that a client was expected to replace and did not:
 * `${NAME}` (anthropics/claude-code#80197), `${user_config.name}` (modelcontextprotocol/mcpb#250), `${input:name}` and
 * `${env:NAME}` (VS Code, Cursor), `{env:NAME}` (OpenCode), `$NAME`, `%NAME%`, `{{name}}`, `<name>`, `$(command)`, and
 * the words that programs write for a missing value.
 */
const WHOLE =
  /^(?:\$\{(?:[^{}]|\$\{[^{}]*\})*\}|\{\{[^{}]*\}\}|\{(?:env|file):[^{}]*\}|\$(?:env:)?[A-Za-z_]\w*|%[A-Za-z_]\w*%|<[^<>]+>|\$\([^()]*\)|undefined|null|None|NaN|\[object Object\])$/;

const INSIDE = /\$\{[^{}]*\}|\{\{[^{}]*\}\}|\{env:[^{}]*\}/;

/** `$HOME/models`. A key may contain such characters by chance. */
const NAME_INSIDE = /\$[A-Z_]{2,}/;

/** The placeholder that is the whole value, as it may be shown; undefined: the value is none. */
export function wholePlaceholder(text: string): string | undefined {
  return WHOLE.test(text) ? shown(text) : undefined;
}

/** A placeholder inside a value, as it may be shown; undefined: there is none. */
export function placeholderInside(text: string, isSecret: boolean): string | undefined {
  const found = INSIDE.exec(text) ?? (isSecret ? null : NAME_INSIDE.exec(text));
  return found === null ? undefined : shown(found[0]);
}

/** A name of a variable, or a name after its source. Some people write the key itself between the braces. */
const HARMLESS =
  /^(?:[A-Za-z[ \]]+|(?:\$\{|\{\{ ?|\{|\$|%)(?:(?:env|input|file|user_config|secrets?)[:.][\w.-]{1,40}|(?=[^}%]{1,60}(?:[}%]|$))[A-Z]+(?:_[A-Z\d]*)*)(?::…)?(?: ?\}\}|\}|%|))$/;

const DEFAULT_VALUE = /^(\$\{[A-Z\d_]+):?[-=?+].*\}$/s;

/** Shows names, and nothing that may be a key: a default value is left out. */
function shown(placeholder: string): string {
  const short = placeholder.replace(DEFAULT_VALUE, '$1:…}');
  if (HARMLESS.test(short)) return short;
  const [open, close] = [
    ['${', '}'],
    ['{{', '}}'],
    ['$(', ')'],
    ['{', '}'],
    ['%', '%'],
    ['<', '>'],
  ].find(([begin = '']) => placeholder.startsWith(begin)) ?? ['$', ''];
  return `${open}…${close}`;
}
