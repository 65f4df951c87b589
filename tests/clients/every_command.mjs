// Sends commands of the AWS SDK for JavaScript: reads {operation, arguments} as JSON, one a line, and answers each
// with a line {status, code, requestId, output}. Without an operation it answers with the names of all commands; with
// `to`, the answer's body goes to that file.
//
//   node every_command.mjs FOLDER ENDPOINT REGION     FOLDER has the node_modules; the key is in the environment

import { createReadStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [folder, endpoint, region] = process.argv.slice(2);
const sdk = createRequire(`${folder}/`)("@aws-sdk/client-s3");
const client = new sdk.S3Client({
  endpoint,
  region,
  forcePathStyle: true,
  disableHostPrefix: true,
  maxAttempts: 1,
});

// What JSON has no form for.
function revive(_, value) {
  if (value?.$bytes !== undefined) return Buffer.from(value.$bytes, "base64");
  if (value?.$file !== undefined) return createReadStream(value.$file);
  if (value?.$date !== undefined) return new Date(value.$date);
  return value;
}

async function plain(output) {
  const { $metadata, ...members } = output;
  for (const [name, member] of Object.entries(members)) {
    if (member?.transformToString) members[name] = await member.transformToString();
    // An event stream.
    else if (member?.[Symbol.asyncIterator]) delete members[name];
  }
  return members;
}

async function call({ operation, arguments: input, to }) {
  if (!operation) {
    const names = Object.keys(sdk).filter((name) => /^[A-Z]\w+Command$/.test(name));
    return names.map((name) => name.slice(0, -"Command".length));
  }
  try {
    const output = await client.send(new sdk[`${operation}Command`](input));
    const { httpStatusCode: status, requestId } = output.$metadata;
    if (to) await writeFile(to, await output.Body.transformToByteArray());
    if (to) return { status, requestId };
    return { status, requestId, output: await plain(output) };
  } catch (error) {
    if (!error.$metadata?.httpStatusCode) return { code: String(error) };
    const { httpStatusCode: status, requestId } = error.$metadata;
    return { status, code: error.name, requestId };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await call(JSON.parse(line, revive))));
}
// The client keeps its connections.
process.exit();
