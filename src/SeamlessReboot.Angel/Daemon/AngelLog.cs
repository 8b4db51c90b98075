using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using SeamlessReboot.Angel.Posix;

namespace SeamlessReboot.Angel.Daemon;

/// <summary>
/// The angel's own log: a file, else stderr; and the system's log if asked for. One line each, with the time. When the file cannot
/// be written it says so on stderr, once, and goes on there. Never throws. Thread-safe.
/// </summary>
internal sealed class AngelLog : IDisposable
{
    private readonly Lock _gate = new();
    private readonly LogFile? _file;
    private readonly Syslog? _syslog;
    private readonly TimeProvider _time;
    private readonly string _prefix;
    private readonly Action<string> _stderr;
    private bool _complained;

    /// <param name="name">The angel's.</param>
    /// <param name="path">The log file, or null for stderr.</param>
    /// <param name="isOutput">The file is this process's stdout and stderr too, as a daemon's is.</param>
    /// <param name="syslog">The system's log, if it is to have the lines too.</param>
    /// <param name="user">Whom a file belongs to that root makes; null: root.</param>
    /// <param name="time">For the time of each line.</param>
    /// <param name="stderr">Tests put their own in its place.</param>
    internal AngelLog(string name, string? path, bool isOutput, Syslog? syslog, User? user = null, TimeProvider? time = null, Action<string>? stderr = null)
    {
        _prefix = string.Create(CultureInfo.InvariantCulture, $"seamless-angel {name}[{Environment.ProcessId}]: ");
        _file = path is null ? null : new LogFile(path, isOutput, user);
        _syslog = syslog;
        _time = time ?? TimeProvider.System;
        _stderr = stderr ?? (line => _ = OpenFile.Write(2, Encoding.UTF8.GetBytes(line + "\n")));
    }

    internal void Write(string text) => Write(LogLevel.Information, text);

    internal void Write(LogLevel level, string text)
    {
        lock (_gate)
        {
            DateTimeOffset now = _time.GetUtcNow();
            foreach (string part in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
                WriteLine(level, now, Printable(part.TrimEnd('\r')));
        }
    }

    /// <summary>Opens the file, which otherwise the first line does.</summary>
    /// <returns>Why it could not be opened; null when it was.</returns>
    internal string? Open()
    {
        lock (_gate)
            return _file?.Open();
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _file?.Dispose();
            _syslog?.Dispose();
        }
    }

    private void WriteLine(LogLevel level, DateTimeOffset now, string text)
    {
        string line = Stamp(now) + _prefix + text;
        if (_file is null)
        {
            _stderr(line);
        }
        else if (_file.Write(line) is string failure)
        {
            Complain(now, failure);
            _stderr(line);
        }
        else
        {
            _complained = false;
        }

        _syslog?.Write(level, now, text);
    }

    private void Complain(DateTimeOffset now, string failure)
    {
        if (!_complained)
            _stderr(Stamp(now) + _prefix + $"the log cannot be written and continues here: {failure}.");
        _complained = true;
    }

    private static string Stamp(DateTimeOffset now) => now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z' ", CultureInfo.InvariantCulture);

    /// <summary>What a server says may be quoted here: it must not move a terminal's cursor.</summary>
    private static string Printable(string text) =>
        text.Any(c => char.IsControl(c) && c != '\t') ? string.Concat(text.Select(c => char.IsControl(c) && c != '\t' ? '?' : c)) : text;
}
