"""Scraping: targets are discovered, asked for their pages at an interval, and what they say becomes samples."""
