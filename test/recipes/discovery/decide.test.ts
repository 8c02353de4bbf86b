import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Random } from '../../../client/ports.ts';
import { DownInstances } from '../../../recipes/discovery/down-instances.ts';
import {
  jsonPayload,
  leastInFlight,
  type PayloadCodec,
  random,
  roundRobin,
  ServiceInstance,
  sticky,
  UriSpec,
  weighted,
} from '../../../recipes/discovery/index.ts';
import { recordCodec } from '../../../recipes/discovery/record.ts';
import { serviceChange } from '../../../recipes/discovery/service-cache.ts';
import type { ZNode } from '../../../recipes/index.ts';

function instance(id: string, fields: Partial<ServiceInstance<unknown>> = {}): ServiceInstance<unknown> {
  return new ServiceInstance<unknown>({
    name: 'svc',
    id,
    address: '10.0.0.1',
    port: 80,
    sslPort: null,
    payload: null,
    registrationTimeUTC: 1,
    serviceType: 'DYNAMIC',
    uriSpec: null,
    enabled: true,
    ...fields,
  });
}

/** Chance as a list of fractions, the last of which stays. */
function chance(...fractions: number[]): Random {
  return {
    below: (bound) => Math.floor((fractions.length > 1 ? fractions.shift()! : fractions[0]!) * bound),
  };
}
const view = (source: Random = chance(0), inFlight: Record<string, number> = {}) => ({
  random: source,
  inFlight: ({ id }: ServiceInstance<unknown>) => inFlight[id] ?? 0,
});

describe('records', () => {
  // As Curator 5.4 writes them.
  const records = [
    '{"name":"svc","id":"i-1","address":"10.0.0.1","port":80,"sslPort":null,"payload":"hello","registrationTimeUTC":1,"serviceType":"DYNAMIC","uriSpec":{"parts":[{"value":"scheme","variable":true},{"value":"://","variable":false},{"value":"address","variable":true},{"value":":","variable":false},{"value":"port","variable":true}]}}',
    '{"name":"svc","id":"i-2","address":"10.0.0.1","port":null,"sslPort":null,"payload":{"@class":"java.util.HashMap","k":1},"registrationTimeUTC":1,"serviceType":"DYNAMIC_SEQUENTIAL","uriSpec":null}',
  ];
  const codec = recordCodec(jsonPayload({ javaClass: 'java.util.HashMap' }));
  const decode = (text: string, payloads: PayloadCodec<unknown> = jsonPayload()) =>
    recordCodec(payloads).decode(Buffer.from(text));

  test.each(records)("are Curator's, byte for byte: %s", async (record) => {
    expect(String(await codec.encode(await codec.decode(Buffer.from(record))))).toBe(record);
  });

  test('have everything that an instance has', async () => {
    const [first, second] = await Promise.all(records.map((record) => decode(record)));
    expect(first).toMatchObject({
      id: 'i-1',
      port: 80,
      payload: 'hello',
      serviceType: 'DYNAMIC',
      enabled: true,
    });
    expect(String(first!.uriSpec)).toBe('{scheme}://{address}:{port}');
    expect(second).toMatchObject({ port: null, payload: { k: 1 }, uriSpec: null });
    expect(second!.payload).toEqual({ k: 1 });
  });

  test('may have more and less than Curator writes', async () => {
    expect(await decode('{"name":"a","id":"b"}')).toEqual(
      instance('b', { name: 'a', address: null, port: null, registrationTimeUTC: 0 }),
    );
    expect(await decode('{"name":"a","id":"b","enabled":false,"more":1}')).toMatchObject({ enabled: false });
    expect(String(await codec.encode(instance('x', { enabled: false })))).toContain(
      '"uriSpec":null,"enabled":false}',
    );
  });

  test.each([
    ['no JSON', '{', ''],
    ['no object', '[]', ''],
    ['no name', '{"id":"b"}', 'name'],
    ['a port in words', '{"name":"a","id":"b","port":"80"}', 'port'],
    ['an unknown type', '{"name":"a","id":"b","serviceType":"OTHER"}', 'serviceType'],
    ['no parts', '{"name":"a","id":"b","uriSpec":{}}', 'uriSpec'],
    ['parts of another kind', '{"name":"a","id":"b","uriSpec":{"parts":[1]}}', 'uriSpec'],
  ])('with %s are refused', async (_, text, at) => {
    await expect(decode(text)).rejects.toMatchObject({ code: 'InvalidValue', faults: [{ at }] });
  });

  test('say everything that is wrong at once', async () => {
    await expect(decode('{"port":"x"}')).rejects.toMatchObject({
      faults: [{ at: 'name' }, { at: 'id' }, { at: 'port' }],
    });
  });

  test('any instance is read as it was written', async () => {
    const text = fc.string({ unit: 'binary' }).map((value) => String(Buffer.from(value)));
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          name: text,
          id: text,
          address: fc.option(text),
          port: fc.option(fc.nat(65_535)),
          sslPort: fc.option(fc.nat(65_535)),
          payload: fc.jsonValue(),
          registrationTimeUTC: fc.nat(),
          serviceType: fc.constantFrom('DYNAMIC', 'STATIC', 'PERMANENT', 'DYNAMIC_SEQUENTIAL'),
          enabled: fc.boolean(),
        }),
        async (fields) => {
          // JSON knows one zero, and `@class` is Java's.
          fc.pre(!JSON.stringify(fields.payload).includes('@class'));
          const payload: unknown = JSON.parse(JSON.stringify(fields.payload));
          const made = new ServiceInstance({ ...fields, payload, uriSpec: null } as ServiceInstance<unknown>);
          for (const payloads of [jsonPayload(), jsonPayload({ javaClass: 'java.util.HashMap' })]) {
            const each = recordCodec(payloads);
            expect(await each.decode(await each.encode(made))).toEqual(made);
          }
        },
      ),
    );
  });
});

describe('payloads', () => {
  test.each([
    ['text', 'hello', 'hello'],
    ['a number', 5, 5],
    ['an object', { k: 1 }, { k: 1 }],
    ['a list', [1, 2], ['java.util.ArrayList', [1, 2]]],
    ['a pair that looks like a list with its class', ['a.B', 1], ['java.util.ArrayList', ['a.B', 1]]],
  ])('%s is written as Java reads it', (_, payload, encoded) => {
    expect(jsonPayload().encode(payload)).toEqual(encoded);
    expect(jsonPayload().decode(encoded)).toEqual(payload);
  });

  test('get the class that was told, and lose any', () => {
    const typed = jsonPayload<{ k: number }>({ javaClass: 'com.example.Meta' });
    expect(JSON.stringify(typed.encode({ k: 1 }))).toBe('{"@class":"com.example.Meta","k":1}');
    expect(typed.decode({ '@class': 'com.example.Other$Inner', k: 2 })).toEqual({ k: 2 });
    expect(typed.decode(['[Ljava.lang.String;', ['a']])).toEqual(['a']);
    expect(typed.decode(['java.lang.Long', 5])).toBe(5);
    expect(() => jsonPayload({ javaClass: 'not a class' })).toThrow(TypeError);
  });

  test('obey their schema in both directions', async () => {
    const codec = recordCodec(jsonPayload({ schema: z.object({ zone: z.string() }) }));
    const written = await codec.encode(instance('a', { payload: { zone: 'b' } }) as never);
    expect((await codec.decode(written)).payload).toEqual({ zone: 'b' });
    await expect(codec.encode(instance('a', { payload: { zone: 1 } }) as never)).rejects.toThrow('zone');
    await expect(codec.encode(instance('a', { payload: () => {} }) as never)).rejects.toThrow('function');
    await expect(
      codec.decode(await recordCodec(jsonPayload()).encode(instance('a', { payload: 1 }))),
    ).rejects.toThrow('InvalidValue');
  });
});

describe('uriSpec', () => {
  test.each([
    ['{scheme}://{address}:{port}', {}, 'http://10.0.0.1:80'],
    ['{scheme}://{address}:{ssl-port}', { sslPort: 443 }, 'https://10.0.0.1:443'],
    ['{name}/{id}/{service-type}/{registration-time-utc}', {}, 'svc/i/dynamic/1'],
    ['{[}{ port }{]}{nobody-knows}', {}, '{80}'],
    ['{address}:{port}', { address: null, port: null }, ':'],
    ['', {}, ''],
  ])('%s', (text, fields, built) => {
    const spec = UriSpec.parse(text);
    expect(spec.build(instance('i', fields))).toBe(built);
    expect(UriSpec.parse(String(spec)).parts).toEqual(spec.parts);
  });

  test('variables that are given go first', () => {
    expect(UriSpec.parse('{scheme}:{x}').build(instance('i'), { scheme: 'ws', x: 5 })).toBe('ws:5');
  });

  test.each(['{', '}', '{a{b}}', 'a}', '{a}}'])('%s is refused', (text) => {
    expect(() => UriSpec.parse(text)).toThrow(TypeError);
  });

  test.each([
    [{}, '', 'http://10.0.0.1:80'],
    [{}, '/items', 'http://10.0.0.1:80/items'],
    [{}, 'items', 'http://10.0.0.1:80/items'],
    [{ sslPort: 8443 }, '/items', 'https://10.0.0.1:8443/items'],
    [{ port: null }, '/items', 'http://10.0.0.1/items'],
    [{ address: 'fe80::1' }, '/', 'http://[fe80::1]:80/'],
    [{ uriSpec: UriSpec.parse('{scheme}://{address}/api/') }, '/items?a=1', 'http://10.0.0.1/api/items?a=1'],
  ])('url with %o and %j', (fields, path, url) => {
    expect(instance('i', fields).url(path)).toBe(url);
  });

  test('an instance that is nowhere has no url', () => {
    expect(() => instance('i', { address: null }).url()).toThrow('no address');
  });
});

describe('strategies', () => {
  const [a, b, c] = [instance('a'), instance('b'), instance('c')];

  test('roundRobin goes round, whoever comes and goes', () => {
    const strategy = roundRobin();
    const pick = (...instances: ServiceInstance<unknown>[]) => strategy.pick(instances, view()).id;
    expect([1, 2, 3, 4].map(() => pick(a!, b!, c!))).toEqual(['a', 'b', 'c', 'a']);
    expect(pick(a!, c!)).toBe('c');
    expect(pick(a!, b!)).toBe('a');
    expect(pick(instance('a'), b!)).toBe('b');
    // The same id and time twice: both get their turn.
    const twins = [instance('a'), instance('a')];
    const turns = [1, 2, 3].map(() => strategy.pick(twins, view()));
    expect(turns.map((each) => twins.indexOf(each))).toEqual([0, 1, 0]);
  });

  test('random takes what chance says', () => {
    const strategy = random();
    expect([0, 0.5, 0.99].map((at) => strategy.pick([a!, b!, c!], view(chance(at))).id)).toEqual([
      'a',
      'b',
      'c',
    ]);
  });

  test('sticky stays for as long as it can', () => {
    const strategy = sticky(roundRobin());
    const pick = (...instances: ServiceInstance<unknown>[]) => strategy.pick(instances, view()).id;
    expect([pick(a!, b!), pick(a!, b!), pick(b!), pick(a!, b!)]).toEqual(['a', 'a', 'b', 'b']);
    // Registered anew it is another one.
    expect(pick(a!, instance('b', { registrationTimeUTC: 2 }))).toBe('b');
    expect(pick(a!, b!)).toBe('a');
  });

  test('weighted takes each as often as it weighs', () => {
    const weights: Record<string, number> = { a: 1, b: 0, c: 3 };
    const strategy = weighted(({ id }) => weights[id]!);
    const pick = (at: number) => strategy.pick([a!, b!, c!], view(chance(at))).id;
    expect([0, 0.24, 0.26, 0.99].map(pick)).toEqual(['a', 'a', 'c', 'c']);
    const nothing = weighted(() => Number.NaN);
    expect(nothing.pick([a!, b!], view(chance(0.9))).id).toBe('b');
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.double(), fc.nat(5)), { minLength: 1, maxLength: 5 }),
        fc.double({ min: 0, max: 0.999_999, noNaN: true }),
        (list, at) => {
          const instances = list.map((_, i) => instance(String(i)));
          const picked = weighted(({ id }) => list[Number(id)]!).pick(instances, view(chance(at)));
          const usable = list.filter((weight) => Number.isFinite(weight) && weight > 0);
          if (usable.length > 0) expect(list[Number(picked.id)]).toBeGreaterThan(0);
          else expect(instances).toContain(picked);
        },
      ),
    );
  });

  test('leastInFlight takes who has least to do', () => {
    const strategy = leastInFlight();
    expect(strategy.pick([a!, b!, c!], view(chance(0), { a: 2, b: 1, c: 3 })).id).toBe('b');
    expect(strategy.pick([a!, b!, c!], view(chance(0.9), { a: 1, b: 1, c: 3 })).id).toBe('b');
  });
});

test('an instance is down after so many errors within so long a time, and up again after it', () => {
  const down = new DownInstances(2, 1_000);
  const [a, b] = [instance('a'), instance('b')];
  down.note(a, 0);
  expect(down.isDown(a, 0)).toBe(false);
  down.note(a, 999);
  expect([down.isDown(a, 999), down.isDown(a, 1_000), down.isDown(b, 999)]).toEqual([true, false, false]);
  // Registered anew it has no errors.
  expect(down.isDown(instance('a', { registrationTimeUTC: 2 }), 999)).toBe(false);
  // Errors that lie too far apart are not added up, and those of others do not gather.
  down.note(b, 1_500);
  expect(down.size).toBe(1);
  down.note(b, 2_500);
  expect(down.isDown(b, 2_500)).toBe(false);
});

test('what changes of nodes mean', () => {
  const node = (value?: ServiceInstance<unknown>) =>
    ({ path: '/s/a', value }) as ZNode<ServiceInstance<unknown>>;
  const [one, two] = [instance('a'), instance('a', { port: 81 })];
  expect(serviceChange({ type: 'created', node: node(one) })).toEqual({ type: 'added', instance: one });
  expect(serviceChange({ type: 'created', node: node() })).toBeNull();
  expect(serviceChange({ type: 'changed', node: node(two), before: node(one) })).toEqual({
    type: 'changed',
    instance: two,
    before: one,
  });
  expect(serviceChange({ type: 'changed', node: node(two), before: node() })).toMatchObject({
    type: 'added',
  });
  expect(serviceChange({ type: 'changed', node: node(), before: node(one) })).toEqual({
    type: 'removed',
    instance: one,
  });
  expect(serviceChange({ type: 'deleted', node: node(one), before: node(one) })).toMatchObject({
    type: 'removed',
  });
  expect(serviceChange({ type: 'deleted', node: node(), before: node() })).toBeNull();
});
