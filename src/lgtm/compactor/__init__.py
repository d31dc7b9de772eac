"""Small blocks become large ones, copies go, what is past its retention goes. See DESIGN.md."""
