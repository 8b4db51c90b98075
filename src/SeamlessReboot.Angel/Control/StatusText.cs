using System.Globalization;
using SeamlessReboot.Angel.CommandLine;

namespace SeamlessReboot.Angel.Control;

/// <summary>A status for a person.</summary>
internal static class StatusText
{
    internal static void Write(string name, AngelStatus status, DateTimeOffset now, TextWriter output)
    {
        string server = status.ChildPid > 0 ? $"server {Number(status.ChildPid)}" : "no server at the moment";
        output.WriteLine($"{name}: {status.State}, {server}, angel {Number(status.AngelPid)}");
        if (status.Since is DateTimeOffset since)
            Line("since", string.Create(CultureInfo.InvariantCulture, $"{since.ToLocalTime():yyyy-MM-dd HH:mm:ss} ({Ago(now - since)} ago)"));
        Line("command", ShellWords.Join(status.Command) + (status.Release == "fallback" ? "  (the fallback)" : ""));
        Line("restarts", $"{Number(status.Restarts)}{(status.RecentDeaths > 0 ? $", {Number(status.RecentDeaths)} deaths of late" : "")}");
        Line("holding", $"{Number(status.FdsHeld)} descriptors");
        if (status.Generation is int generation)
            Line("seamless", $"generation {Number(generation)}{(status.SpoolDirectory is string spool ? $", spool {spool}" : "")}");
        if (status.LastWords.Length > 0)
            Line("last words", string.Join("\n              ", status.LastWords.TrimEnd().Split('\n')));

        void Line(string label, string text) => output.WriteLine($"  {label + ":",-11} {text}");
    }

    /// <summary>Two units at the most: "3 d 4 h".</summary>
    internal static string Ago(TimeSpan age)
    {
        if (age < TimeSpan.Zero)
            age = TimeSpan.Zero;
        return age.TotalDays >= 1 ? $"{Number(age.Days)} d {Number(age.Hours)} h"
            : age.TotalHours >= 1 ? $"{Number(age.Hours)} h {Number(age.Minutes)} min"
            : age.TotalMinutes >= 1 ? $"{Number(age.Minutes)} min {Number(age.Seconds)} s"
            : $"{Number(age.Seconds)} s";
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
