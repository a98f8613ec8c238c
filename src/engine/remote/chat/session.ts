/** A session over chat completions, for servers that take no token ids: the server renders the prompt, and hides it. */
import { InvariantError } from '../../../errors.ts';
import { escapeWarnings } from '../../../prompt/turn.ts';
import type { Beginning, Facts, Session } from '../../engine.ts';
import { reports, type Place } from '../server/place.ts';
import { chat, type LearntOfChat } from './chat.ts';
import { switchWarnings, type Messages } from './chat-body.ts';

type MessagesBeginning = Beginning & { readonly messages: Messages };

/** Characters of a token, roughly: for prompts that nobody here can count. */
const CHARACTERS_OF_A_TOKEN = 4;

/** What was seen of a server's chat; kept for as long as what is known of it. */
const LEARNT = new WeakMap<Facts, LearntOfChat>();

export function chatSession(place: Place): Session {
  const { client, count, facts, dialect } = place;
  const learnt = LEARNT.get(facts) ?? { splits: false };
  LEARNT.set(facts, learnt);

  return {
    facts,
    ...reports(place),

    async render(question, { thinking }) {
      const text = [...question.system, ...question.user].map((part) => part.text).join('');
      const promptTokens = count?.(text) ?? Math.ceil(text.length / CHARACTERS_OF_A_TOKEN);
      const beginning: MessagesBeginning = { promptTokens, exact: false, messages: { question, thinking } };
      const { family } = facts;
      return {
        beginning,
        thinking: 'hidden',
        opened: family.opensInPrompt ? 1 : 0,
        warnings: [...escapeWarnings(question, family), ...switchWarnings(family, dialect, thinking)],
      };
    },

    generate: (from, limits, { signal }) =>
      chat(
        { client, model: facts.model, family: facts.family, dialect, learnt, signal, ...(count && { count }) },
        messagesOf(from),
        limits,
      ),

    /** An answer cannot be continued: it is generated anew, from the thinking. */
    async extend(from, { reasoning }) {
      const { question } = messagesOf(from);
      const messages = { question, thinking: false, ...(reasoning.trim() !== '' && { reasoning }) };
      const beginning: MessagesBeginning = { promptTokens: from.promptTokens, exact: false, messages };
      return { beginning, closerTokens: 0, restartsAnswer: true };
    },

    // tokens over chat completions have no ids
    decode: () => Promise.reject(new InvariantError('a server without token ids was asked to decode some')),
  };
}

function messagesOf(from: Beginning): Messages {
  if (!('messages' in from)) throw new InvariantError('this prompt was not rendered as messages');
  return (from as MessagesBeginning).messages;
}
