namespace SeamlessReboot.Angel.Daemon;

/// <summary>How bad a line of the log is; the numbers are syslog's.</summary>
internal enum LogLevel
{
    Error = 3,
    Warning = 4,
    Notice = 5,
    Info = 6,
}
