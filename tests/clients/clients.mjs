// A conversation by openai-node and ollama-js; prints what it found as JSON.
import OpenAI from "openai";
import { Ollama } from "ollama";

const url = process.argv[2];
const question = [{ role: "user", content: "What is 17 + 25?" }];
const schema = { type: "object", properties: { total: { type: "integer" } }, required: ["total"] };
const parameters = { type: "object", properties: { city: { type: "string" } } };
const tools = [{ type: "function", function: { name: "weather_in", parameters } }];
const found = {};

const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: "none", maxRetries: 0 });
found.openai_answer = (await openai.chat.completions.create({ model: "auto", messages: question })).choices[0].message.content;
found.openai_stream = "";
for await (const chunk of await openai.chat.completions.create({ model: "vote", messages: question, stream: true }))
  found.openai_stream += chunk.choices[0]?.delta?.content ?? "";
found.openai_tool = (await openai.chat.completions.create({ model: "weather", messages: question, tools })).choices[0].message.tool_calls[0].function.arguments;
const response_format = { type: "json_schema", json_schema: { name: "sum", schema } };
found.openai_structure = (await openai.chat.completions.create({ model: "general", messages: question, response_format, max_tokens: 40 })).choices[0].message.content;
const events = [];
for await (const event of await openai.responses.create({ model: "auto", input: "What is 17 + 25?", stream: true })) events.push(event.type);
found.openai_responses_last = events.at(-1);

const ollama = new Ollama({ host: url });
found.ollama_answer = (await ollama.chat({ model: "auto", messages: question })).message.content;
found.ollama_stream = "";
for await (const part of await ollama.chat({ model: "vote", messages: question, stream: true })) found.ollama_stream += part.message.content;
found.ollama_tool = (await ollama.chat({ model: "weather", messages: question, tools })).message.tool_calls[0].function.arguments;
found.ollama_structure = (await ollama.chat({ model: "general", messages: question, format: schema, options: { num_predict: 40 } })).message.content;
found.ollama_models = (await ollama.list()).models.map((model) => model.name);
console.log(JSON.stringify(found));
