import { expect, it } from 'vitest';
import { isHtmlPage } from '../../../../src/lib/http/html-page.ts';

it.each([
  '<!DOCTYPE html><title>Sign in</title>',
  '\n<!doctype  html>',
  '<HTML><HEAD><TITLE>Request Rejected</TITLE></HEAD>',
  `${'\n'.repeat(500)}<html>`,
  '<head><title>Access denied</title></head>',
  '\r\n\r\n<!-- Copyright (C) 2026. All rights reserved. -->\r\n<!DOCTYPE html>',
  '<!-- template: block --><!-- 7 -->\n<html>',
  '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "x">',
  '<!--[if lt IE 7]> <html class="ie6"> <![endif]-->\n<html>',
])('is a page in HTML: %j', (text) => {
  expect(isHtmlPage(text)).toBe(true);
});

it.each([
  '',
  'OK',
  '{"text":"Success","code":0}',
  '{"message":"<!DOCTYPE html>"}',
  '<?xml version="1.0"?><response><status>ok</status></response>',
  '<!-- ok -->',
  '<!-- never ends <html>',
  '<htmlx>',
  '<heading>',
])('is none: %j', (text) => {
  expect(isHtmlPage(text)).toBe(false);
});

it('is found in time that grows with the text alone', () => {
  expect(isHtmlPage(`${'<!-- a -->'.repeat(20_000)}x`)).toBe(false);
  expect(isHtmlPage(`${' '.repeat(200_000)}x`)).toBe(false);
});
