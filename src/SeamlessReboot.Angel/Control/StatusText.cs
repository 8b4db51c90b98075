using System.Globalization;
using SeamlessReboot.Angel.CommandLine;

namespace SeamlessReboot.Angel.Control;

/// <summary>A status for a person.</summary>
internal static class StatusText
{
    internal static void Write(string name, AngelStatus status, DateTimeOffset now, TextWriter output)
    {
        string server = status.ChildPid is int pid ? $"server {Number(pid)}" : "no server at the moment";
        output.WriteLine($"{name}: {Words(status.State)}, {server}, angel {Number(status.AngelPid)}");
        if (status.StatusText is { Length: > 0 } says)
            Line("says", says);
        if (status.Since is DateTimeOffset since)
            Line("since", string.Create(CultureInfo.InvariantCulture, $"{since.ToLocalTime():yyyy-MM-dd HH:mm:ss} ({Ago(status.RunsForSeconds is double seconds ? TimeSpan.FromSeconds(seconds) : now - since)} ago)"));
        Line("command", ShellWords.Join(status.Command));
        if (status.Release == "fallback")
            Line("fallback", status.Running is null ? "yes" : ShellWords.Join(status.Running));
        Line("restarts", $"{Number(status.Restarts)}{(status.DeathsOfLate.Count > 0 ? $"; recent deaths: {Number(status.DeathsOfLate.Count)}" : "")}");
        if (status.LastEnd is { Length: > 0 } end)
            Line("last end", end);
        Line("holding", $"{Number(status.FdsHeld)} descriptors{(status.Refused > 0 ? string.Create(CultureInfo.InvariantCulture, $"; messages refused: {status.Refused}") : "")}");
        if (status.Listening.Count > 0)
            Line("listening", string.Join(' ', status.Listening));
        if (status.Generation is int generation)
            Line("seamless", $"generation {Number(generation)}{(status.Spool is string spool ? $", spool {spool}" : "")}");
        if (status.LastWords.Count > 0)
            foreach ((int i, string word) in status.LastWords.Index())
                Line(i == 0 ? "last words" : "", word);

        void Line(string label, string text) => output.WriteLine($"  {(label.Length > 0 ? label + ":" : ""),-11} {Printable(text)}");
    }

    /// <summary>What a server says, or who poses as an angel, must not move the terminal's cursor.</summary>
    internal static string Printable(string text) => string.Concat(text.Select(c => char.IsControl(c) && c != '\t' ? '?' : c));

    private static string Words(State state) => state switch
    {
        State.RollingOver => "ready, and starting the next one beside it",
        State.Aborting => "being killed, to be started again",
        State.Waiting => "waiting to start it again",
        _ => state.ToString().ToLowerInvariant(),
    };

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
